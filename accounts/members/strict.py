"""Refuse what a request says and its view does not know: a filter that is dropped would widen the answer in silence.

What a view knows is what its schema declares, so that a new list is strict by itself: the parameters of
`@extend_schema` with their enums, patterns and types, and the fields of a body's serializer.
"""

import datetime
import difflib
import re
import uuid
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from django.utils.encoding import force_str
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.errors import AuditlineError
from accounts.members.models import User

WORKSPACE_PARAMETER = "workspace"
"""Every address takes it from a signed-in member; a token belongs to one workspace and has nothing to choose."""


class UnknownParameter(AuditlineError):
    """A query parameter that this address does not take."""

    code = "unknown_parameter"


class BadParameter(AuditlineError):
    """A query parameter has a value that cannot be used, is missing, or is given twice."""

    code = "bad_parameter"


class UnknownField(AuditlineError):
    """The body has a member that this address does not take."""

    code = "unknown_field"


def did_you_mean(got: str, known: Iterable[str]) -> str:
    """Return ` Did you mean 'x'?` with the nearest known name; '' where none is near."""
    near = difflib.get_close_matches(got[:80], list(known), n=1)
    return f" Did you mean {near[0]!r}?" if near else ""


def not_known(name: str, got: str, known: Iterable[str]) -> BadParameter:
    """Return the error of a value that is none of `known`."""
    listed = sorted(known)
    return BadParameter(
        f"{name}={got[:80]!r} is not known here: expected one of {', '.join(listed)}.{did_you_mean(got, listed)}",
        details={"parameter": name, "got": got[:80], "expected": listed},
    )


# ---- query parameters


def refuse_parameters(request: Request, view: APIView) -> None:
    """Raise UnknownParameter or BadParameter for what the schema of this method does not declare."""
    declared = _declared(view)
    refuse_names(request, view)
    for name, parameter in declared.items():
        text = request.query_params.get(name, "")
        if text:
            _refuse_value(parameter, text)
        elif parameter.required:
            known = [str(each) for each in parameter.enum or ()]
            expected = f"one of {', '.join(known)}" if known else _hint(parameter) or "a value"
            raise BadParameter(f"{name} is missing: expected {expected}. Add ?{name}=...")


def refuse_names(request: Request, view: APIView) -> None:
    """Raise for a parameter that is not declared, or given more than once; values are left to the view.

    A view whose parameters depend on data says how their names begin (`open_parameters`) and refuses them itself.
    """
    declared = _declared(view)
    begin: str = getattr(view, "open_parameters", "")
    for name, values in request.query_params.lists():
        of_data = begin and name.startswith(begin)
        own = name == WORKSPACE_PARAMETER and isinstance(request.user, User)
        if name not in declared and not of_data and not own:
            listed = sorted(declared)
            near, takes = did_you_mean(name, listed), ", ".join(listed) or "none"
            raise UnknownParameter(
                f"{name[:80]!r} is no parameter of {request.method} {request.path}.{near} It takes {takes}.",
                details={"got": name[:80], "expected": listed},
            )
        if len(values) > 1:
            raise BadParameter(f"{name} is given {len(values)} times, expected once. Ask once for each value.")


def _declared(view: APIView) -> dict[str, OpenApiParameter]:
    """Return the query parameters of the method at hand by name, as the OpenAPI schema has them."""
    schema = _schema(view)
    found = schema.get_override_parameters() if schema is not None else []
    return {each.name: each for each in found if each.location == OpenApiParameter.QUERY}


def _schema(view: APIView) -> Any:
    """Return what @extend_schema says of the method at hand, None where it stands on none."""
    method = str(view.request.method).lower()
    handler = getattr(view, "get" if method == "head" else method, None)
    made = getattr(handler, "kwargs", {}).get("schema")
    if made is None:
        return None
    schema = made()
    schema.view = view
    return schema


def _refuse_value(parameter: OpenApiParameter, text: str) -> None:
    if "\x00" in text:
        raise BadParameter(f"{parameter.name} holds a NUL character, which no value here can hold: remove it.")
    if parameter.enum is not None and text not in (known := [str(each) for each in parameter.enum]):
        raise not_known(parameter.name, text, known)
    expected, reads = _TYPES.get(parameter.type, ("text", _is_text))
    if not reads(text) or (parameter.pattern and not re.fullmatch(parameter.pattern, text)):
        raise BadParameter(
            f"{parameter.name}={text[:80]!r} cannot be used: expected {_hint(parameter) or expected}.",
            details={"parameter": parameter.name, "got": text[:80]},
        )


def _hint(parameter: OpenApiParameter) -> str:
    return force_str(parameter.description).rstrip(".")


def _is_text(text: str) -> bool:
    return True


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 19


def _is_flag(text: str) -> bool:
    return text in ("true", "false")


def _parses(parse: Callable[[str], object]) -> Callable[[str], bool]:
    def reads(text: str) -> bool:
        try:
            parse(text)
        except ValueError:
            return False
        return True

    return reads


_is_id, _is_day = _parses(uuid.UUID), _parses(datetime.date.fromisoformat)
_is_instant = _parses(lambda text: datetime.datetime.fromisoformat(text.replace(" ", "+")))  # a plus sent unquoted
_TYPES: dict[Any, tuple[str, Callable[[str], bool]]] = {
    int: ("a whole number", _is_number),
    OpenApiTypes.INT: ("a whole number", _is_number),
    bool: ("true or false", _is_flag),
    OpenApiTypes.BOOL: ("true or false", _is_flag),
    uuid.UUID: ("an id (UUID)", _is_id),
    OpenApiTypes.UUID: ("an id (UUID)", _is_id),
    datetime.date: ("a day such as 2026-11-01", _is_day),
    OpenApiTypes.DATE: ("a day such as 2026-11-01", _is_day),
    datetime.datetime: ("an instant such as 2026-11-01T00:00:00Z", _is_instant),
    OpenApiTypes.DATETIME: ("an instant such as 2026-11-01T00:00:00Z", _is_instant),
}


# ---- bodies


class StrictBody(serializers.Serializer[Any]):
    """The base of all bodies: a member that is no field is refused by name. `hint` says why, where people may ask."""

    hint = ""

    @classmethod
    def read(cls, given: object) -> dict[str, Any]:
        """Return what was sent, by field; raise UnknownField, or ValidationError with every field that is wrong."""
        body = cls(data=given)
        body.is_valid(raise_exception=True)
        return dict(body.validated_data)

    def to_internal_value(self, data: Any) -> Any:
        """Return the values; raise UnknownField."""
        if isinstance(data, Mapping):
            refuse_fields(data, self.fields, self.hint)
        return super().to_internal_value(data)


def refuse_fields(given: Mapping[str, object], known: Iterable[str], hint: str = "") -> None:
    """Raise UnknownField where `given` has members that are not known."""
    listed = list(known)
    unknown = [str(name)[:80] for name in given if name not in listed]
    if unknown:
        takes = f"expected {', '.join(listed)}" if listed else "expected no body"
        near = did_you_mean(unknown[0], listed)
        raise UnknownField(
            f"Body: got {', '.join(repr(name) for name in unknown[:10])}, {takes}.{near} Nothing was done."
            + (f" {hint}" if hint else ""),
            details={"got": unknown, "expected": listed},
        )


def refuse_body(request: Request, view: APIView) -> None:
    """Raise UnknownField for a body that is sent where the schema declares none."""
    schema = _schema(view) if request.method in ("POST", "PUT", "PATCH") else None
    if schema is not None and schema.get_request_serializer() is None and request.data:
        data = request.data
        refuse_fields(data if isinstance(data, Mapping) else {type(data).__name__: data}, ())
