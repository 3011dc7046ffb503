"""Error pages, and the one JSON shape for what lies under /api/. They stand without workspace and database."""

from typing import Any

import structlog
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string

from accounts.errors import error_body
from audit.web.scope import RoleTooLow


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Answer a request that cannot be read."""
    message = "The request cannot be read. Check the address and the parameters; /api/docs/ lists what each expects."
    return _answer(request, 400, "400.html", "bad_request", message)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Answer a member whose role does not allow it, and name the role."""
    role = exception.role if isinstance(exception, RoleTooLow) else ""
    message = "Your role does not allow this. Ask an admin of the workspace for one that does."
    return _answer(request, 403, "403.html", "permission_denied", message, role=role)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Answer what does not exist, or lies in a workspace of others: the answer does not say which."""
    message = "There is no such address. Check it against /api/docs/; what belongs to another workspace is not shown."
    return _answer(request, 404, "404.html", "not_found", message)


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer our own fault, with the id under which the log has it."""
    request_id = str(structlog.contextvars.get_contextvars().get("request_id", ""))
    message = f"Something broke on our side. Try again; if it stays, tell the operator this id: {request_id}."
    return _answer(request, 500, "500.html", "internal_error", message, request_id=request_id)


def form_expired(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer a form whose CSRF token does not fit (settings: CSRF_FAILURE_VIEW)."""
    message = "The form was opened before you signed in again, or came from another site. Reload the page, send again."
    return _answer(request, 403, "403_csrf.html", "csrf_failed", message)


def _answer(request: HttpRequest, status: int, template: str, code: str, message: str, **context: Any) -> HttpResponse:
    if request.path.startswith("/api/"):
        return JsonResponse(error_body(code, message), status=status)
    return HttpResponse(render_to_string(template, context), status=status)
