"""The native format: one asset per line as a JSON object (NDJSON), or one JSON array of such objects.

    {"manifest": {"query": "...", "count": 2, "generated_at": "2026-11-01T00:00:00Z", "collector": "..."}}
    {"kind": "storage", "uid": "s3://lake-eu", "attributes": {"country": "DE"}, "relations": {"at": [...]}}

The manifest may come first, or be left out. In an array, "line" counts its members from 1.
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from accounts.errors import AuditlineError
from accounts.journal.canonical.exact import BodyRefused, Exact, encode_exact, parse_exact
from lineage.events.redact import redact
from lineage.events.split import split_array
from lineage.inventory.errors import InventoryRefused
from lineage.inventory.formats.cleaning import Redactions
from lineage.inventory.formats.parsed import Format, Parameters, Parsed, Rejected
from lineage.inventory.formats.sample import Sample
from lineage.inventory.kinds.values import show, writable

BOM = b"\xef\xbb\xbf"
ROW = "one asset as a JSON object with kind and uid"


def read(body: bytes, parameters: Parameters) -> Iterator[Parsed]:
    """Yield each line as a native row; lines that are no JSON object are told and skipped."""
    for line, text in _lines(body):
        try:
            value = parse_exact(text)
        except BodyRefused as error:
            yield Parsed(line, problems=(_malformed(line, text, error),))
            continue
        if not isinstance(value, dict):
            problem = Rejected(line, "", show(plain(value)), ROW, "put each asset on a line of its own")
            yield Parsed(line, problems=(problem,))
        elif "manifest" in value and "kind" not in value:
            yield Parsed(line, manifest=plain(value["manifest"]))
        else:
            yield Parsed(line, row=plain(value))


def clean(body: bytes, parameters: Parameters) -> tuple[bytes, list[dict[str, Any]]]:
    """Return the body without secrets; exactly as received where there are none. Lines keep their numbers."""
    kept: list[bytes] = []
    done = Redactions()
    for line, text in _lines(body, blank=True):
        try:
            value: Exact = parse_exact(text)
        except BodyRefused:  # kept as it is, but for what looks like a secret
            clear, applied = redact(text, text.decode(errors="replace"))
            kept.append(str(clear).encode() if applied else text)
        else:
            clear, applied = redact(text, value)
            kept.append(encode_exact(clear) if applied else text)
        done.add(line, applied)
    redactions = done.shown()
    if not redactions:
        return body, []
    return (b"[" + b",".join(kept) + b"]" if _is_array(body) else b"\n".join(kept)), redactions


def plain(value: Exact) -> Any:
    """Return the value with floats for its decimals, as attributes are validated."""
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, list):
        return [plain(member) for member in value]
    if isinstance(value, dict):
        return {key: plain(member) for key, member in value.items()}
    return value


def _lines(body: bytes, blank: bool = False) -> Iterator[tuple[int, bytes]]:
    """Yield (number from 1, bytes) of each line or array member; blank lines only where asked for."""
    content = body.removeprefix(BOM)
    if _is_array(content):
        try:
            yield from enumerate(split_array(content), start=1)
        except AuditlineError as error:
            raise InventoryRefused(
                f"The body begins with [ and is no JSON array: {error.message} Send one asset per line (NDJSON) "
                "instead, then a broken line loses no other.",
                code="json_malformed",
            ) from None
        return
    for number, line in enumerate(content.split(b"\n"), start=1):
        if line.strip() or blank:
            yield number, line.strip()


def _is_array(body: bytes) -> bool:
    return body.removeprefix(BOM).lstrip()[:1] == b"["


def _malformed(line: int, text: bytes, error: BodyRefused) -> Rejected:
    begin = writable(text[:60].decode(errors="replace"))
    return Rejected(line, "", f"{begin!r} ({error.message})", ROW, "correct the line and send it again")


def _knows(sample: Sample) -> bool:
    return "manifest" in sample.members or {"kind", "uid"} <= sample.members.keys()


NATIVE = Format("native", "native lines", "asset_database", _knows, read, clean, media_type="application/x-ndjson")
