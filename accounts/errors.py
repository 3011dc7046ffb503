"""Errors that a person or client gets to read: what, got, expected, next step; one JSON shape everywhere.

`code` is stable and listed in docs/errors.md; `retryable` tells a caller whether the same request may succeed later.
"""

from collections.abc import Mapping
from typing import Any

import structlog
from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from django.http import Http404
from rest_framework import exceptions
from rest_framework.response import Response

log = structlog.get_logger(__name__)


class AuditlineError(Exception):
    """The base of all errors that reach a caller; subclasses set `code`, `status` and `retryable`."""

    code = "error"
    status = 400
    retryable = False

    def __init__(self, message: str, *, details: object = None, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.details = details
        self.headers = dict(headers or {})


def error_body(code: str, message: str, details: object = None) -> dict[str, object]:
    """Return the one error shape: {"error": {"code", "message", "details"}}."""
    return {"error": {"code": code, "message": message, "details": details if details is not None else {}}}


NEXT_STEP = {
    "not_authenticated": "Send `Authorization: Bearer <token>`, or sign in.",
    "authentication_failed": "Check the token, or make a new one with `manage.py create_token`.",
    "permission_denied": "Ask an admin of the workspace for a role that may do this.",
    "not_found": "Check the id; what belongs to another workspace is not shown.",
    "method_not_allowed": "See /api/docs/ for the methods of this path.",
    "not_acceptable": "Accept application/json; lists also come as text/csv.",
    "unsupported_media_type": "Send JSON with `Content-Type: application/json`.",
    "parse_error": "Send a body that is valid JSON in UTF-8.",
    "invalid": "Correct the fields named in details and send it again.",
}
"""DRF's own exceptions that can occur here, by the code that their class carries: what to do next."""


def api_exception_handler(error: Exception, context: Mapping[str, Any]) -> Response | None:
    """Map an exception to a response in the one shape; None lets an unforeseen one surface as a logged 500."""
    if (
        getattr(context.get("view"), "entered", False) and connection.in_atomic_block
    ):  # the view's transaction must not commit what the error left half done
        transaction.set_rollback(True)
    if isinstance(error, AuditlineError):
        return Response(error_body(error.code, error.message, error.details), error.status, headers=error.headers)
    if isinstance(error, Http404):
        error = exceptions.NotFound()
    elif isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied(str(error) or None)
    if not isinstance(error, exceptions.APIException):
        return None
    code = str(error.default_code)
    details = error.detail if isinstance(error, exceptions.ValidationError) else None
    said = "The request has fields that cannot be used." if details is not None else str(error.detail)
    message = f"{said} {NEXT_STEP.get(code, '')}".strip()
    challenge: str | None = getattr(error, "auth_header", None)  # set by DRF where a scheme can be named
    headers = {"WWW-Authenticate": challenge} if challenge else {}
    return Response(error_body(code, message, details), error.status_code, headers=headers)
