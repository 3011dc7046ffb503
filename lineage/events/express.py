"""The short way of one event through the web process, in front of everything that pages and the API need.

It answers only what goes well: a POST of one event with a known bearer token. All else, every refusal and every error
included, takes the whole way with the same bytes, so that there is one place that says what is wrong. Events of several
requests share a commit (group_commit.py).
"""

import hashlib
import io
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

import orjson
import structlog
from django.conf import settings
from django.db import close_old_connections

from accounts.members.authentication import token_principal
from accounts.members.rights import Principal, Right
from lineage.events.answers import receipt_answer
from lineage.events.backlog import refuse_when_behind
from lineage.events.group_commit import store_together
from lineage.events.receive import receive_event

log = structlog.get_logger(__name__)
PATH = "/api/v1/lineage"
KNOWN_FOR = 1.0
"""Seconds for which a token is believed: one that is revoked ends within this time."""
MOST_KNOWN = 10_000

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
Application = Callable[[Environ, StartResponse], Iterable[bytes]]
_HEADERS = [("Content-Type", "application/json"), ("X-Content-Type-Options", "nosniff"), ("Cache-Control", "no-store")]

_known: dict[bytes, tuple[float, Principal]] = {}
_asking = tuple(threading.Lock() for _ in range(64))
"""One for each token, or nearly: tokens share one by their digest's first bits."""


def express(whole: Application) -> Application:
    """Return a WSGI application that takes the short way where it can, and `whole` where not."""

    def application(given: Environ, start_response: StartResponse) -> Iterable[bytes]:
        if not _fits(given):
            return whole(given, start_response)
        body = _read(given["wsgi.input"], int(given["CONTENT_LENGTH"]))
        answer = _answer(given, body)
        if answer is None:
            return whole({**given, "wsgi.input": io.BytesIO(body)}, start_response)
        start_response("201 Created", [*_HEADERS, ("Content-Length", str(len(answer)))])
        return [answer]

    return application


def forget_tokens() -> None:
    """Believe no token any more: for tests, which revoke them."""
    _known.clear()


def _fits(given: Environ) -> bool:
    """Tell whether this is one event, plain and of a stated size, from a sender with a token."""
    return (
        given.get("REQUEST_METHOD") == "POST"
        and given.get("PATH_INFO") == PATH
        and not given.get("QUERY_STRING")
        and not given.get("HTTP_CONTENT_ENCODING")
        and not given.get("HTTP_TRANSFER_ENCODING")
        and str(given.get("HTTP_AUTHORIZATION", "")).startswith("Bearer ")
        and _host_allowed(str(given.get("HTTP_HOST", "")))
        and _secure_enough(given)
        and _size(str(given.get("CONTENT_LENGTH", ""))) is not None
    )


def _read(stream: Any, size: int) -> bytes:
    """Read that many bytes, fewer where the sender stops before."""
    parts, left = [], size
    while left > 0 and (part := stream.read(left)):
        parts.append(part)
        left -= len(part)
    return b"".join(parts)


def _secure_enough(given: Environ) -> bool:
    """Tell whether the request came by HTTPS where that is asked for; the whole way redirects it if not."""
    if not settings.SECURE_SSL_REDIRECT or given.get("wsgi.url_scheme") == "https":
        return True
    header = settings.SECURE_PROXY_SSL_HEADER
    return header is not None and given.get(header[0]) == header[1]


def _size(text: str) -> int | None:
    stated = int(text) if text.isascii() and text.isdigit() and len(text) < 12 else 0
    return stated if 0 < stated <= settings.AUDITLINE_MAX_BODY else None


def _host_allowed(host: str) -> bool:
    return "*" in settings.ALLOWED_HOSTS or host.partition(":")[0].lower() in settings.ALLOWED_HOSTS


def _answer(given: Environ, body: bytes) -> bytes | None:
    """Record the event and return the answer; None where the whole way has to say what is wrong."""
    try:
        if len(body) != int(given["CONTENT_LENGTH"]):
            return None
        principal = _principal(given["HTTP_AUTHORIZATION"][7:])
        if not principal.may(Right.SEND_EVENTS):
            return None
        refuse_when_behind(principal.workspace_id)
        receipt = store_together(principal.workspace_id, receive_event(body, principal))
    except Exception as error:  # whatever it is: the whole way meets it again, and answers
        log.debug("express.gave_way", reason=repr(error))
        close_old_connections()
        return None
    return orjson.dumps({"receipt": receipt_answer(receipt)})


def _principal(secret: str) -> Principal:
    """Return whose token it is. Of many who come when it is believed no longer, one asks and the others wait for it."""
    digest = hashlib.sha256(secret.encode("latin-1")).digest()
    if (known := _believed(digest)) is not None:
        return known
    with _asking[digest[0] % len(_asking)]:
        if (known := _believed(digest)) is not None:
            return known
        asked = time.monotonic()
        principal = token_principal(secret)
        if len(_known) >= MOST_KNOWN:
            _known.clear()
        _known[digest] = (asked + KNOWN_FOR, principal)
    return principal


def _believed(digest: bytes) -> Principal | None:
    until, principal = _known.get(digest, (0.0, None))
    return principal if time.monotonic() < until else None
