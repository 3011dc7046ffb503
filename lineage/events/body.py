"""Read a request's body within bounds, undoing one gzip: no sender can make us hold more than the limit.

The inflated size is bounded while it inflates, and so is its ratio to what was sent (notes: 42 kB that become 4 GB).
"""

import zlib
from collections.abc import Iterator

from django.conf import settings
from django.http import HttpRequest
from django.http.request import UnreadablePostError

from lineage.events.errors import BodyTooLarge, EncodingRefused, EventRefused

CHUNK = 64 * 1024
MAX_RATIO = 100
MAX_LENGTH = 18  # digits of a Content-Length: more cannot be meant, and thousands cannot be converted
RATIO_COUNTS_FROM = 1024 * 1024  # inflated bytes; below, repetition is ordinary and harmless


def read_body(request: HttpRequest, limit: int | None = None) -> bytes:
    """Return the content of the request, at most `limit` bytes (by default AUDITLINE_MAX_BODY) after decompression.

    Raises BodyTooLarge, EncodingRefused, or EventRefused for gzip that cannot be read.
    """
    limit = settings.AUDITLINE_MAX_BODY if limit is None else limit
    return b"".join(body_chunks(request, limit))


def body_chunks(request: HttpRequest, limit: int) -> Iterator[bytes]:
    """Yield the content of the request piece by piece; raise as `read_body`, where it is found."""
    _refuse_declared(request, limit)
    encoding = request.headers.get("Content-Encoding", "").strip().lower()
    chunks = _chunks(request)
    if encoding in {"", "identity"}:
        return bounded(chunks, limit)
    if encoding in {"gzip", "x-gzip"}:
        return inflated(chunks, limit)
    raise EncodingRefused(
        f"Content-Encoding: got {encoding[:60]!r}, expected gzip (once) or none. Send the body with one of them."
    )


def inflated(chunks: Iterator[bytes], limit: int) -> Iterator[bytes]:
    """Yield the content of one gzip member in pieces; stop at `limit` bytes, or where it grows a hundredfold."""
    inflater = zlib.decompressobj(16 + zlib.MAX_WBITS)
    made = taken = 0
    try:
        for chunk in chunks:
            taken += len(chunk)
            while chunk and not inflater.eof:
                content = inflater.decompress(chunk, CHUNK)
                chunk = inflater.unconsumed_tail
                made += len(content)
                if made > limit or (made > RATIO_COUNTS_FROM and made > MAX_RATIO * taken):
                    raise _too_large(limit)
                yield content
            if inflater.eof and (chunk or inflater.unused_data):
                raise _bad_gzip("bytes after its end")
    except zlib.error as error:
        raise _bad_gzip(str(error)) from None
    if not inflater.eof:
        raise _bad_gzip("no end")


def _chunks(request: HttpRequest) -> Iterator[bytes]:
    """Yield the body as sent.

    Java clients compress on the fly and send it chunked, without a length. Django reads no such body; the server says
    with `wsgi.input_terminated` that its stream ends by itself, so it is read there.
    """
    chunked = not request.META.get("CONTENT_LENGTH") and request.META.get("wsgi.input_terminated")
    stream = request.META["wsgi.input"] if chunked else request
    try:
        while chunk := stream.read(CHUNK):
            yield chunk
    except (UnreadablePostError, OSError):
        raise EventRefused("The body ended before it was complete. Send it again.", code="body_incomplete") from None


def _refuse_declared(request: HttpRequest, limit: int) -> None:
    declared = str(request.META.get("CONTENT_LENGTH") or "0")
    if declared.isascii() and declared.isdigit() and (len(declared) > MAX_LENGTH or int(declared) > limit):
        raise _too_large(limit)


def bounded(chunks: Iterator[bytes], limit: int) -> Iterator[bytes]:
    """Yield the chunks; raise BodyTooLarge at `limit` bytes."""
    taken = 0
    for chunk in chunks:
        taken += len(chunk)
        if taken > limit:
            raise _too_large(limit)
        yield chunk


def _too_large(limit: int) -> BodyTooLarge:
    return BodyTooLarge(
        f"The body is larger than {limit} bytes after decompression (or grows more than {MAX_RATIO} times by it). "
        "Send fewer or smaller events per request; an operator can raise MAX_BODY_MIB.",
        details={"limit": limit, "ratio": MAX_RATIO},
    )


def _bad_gzip(what: str) -> EventRefused:
    return EventRefused(
        f"Content-Encoding is gzip, but the body is no gzip: got {what}. Compress it once, or leave the header out.",
        code="gzip_malformed",
    )
