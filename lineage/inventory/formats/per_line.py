"""JSON values one per line (NDJSON), or as members of one JSON array: cut, read and cleaned one by one."""

import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import orjson

from accounts.errors import AuditlineError
from accounts.journal.canonical.exact import BodyRefused, Exact, encode_exact, parse_exact
from lineage.events.redact import MAX_PATHS, redact, worth_a_look
from lineage.events.split import split_array
from lineage.inventory.errors import InventoryRefused
from lineage.inventory.formats.cleaning import Redactions
from lineage.inventory.kinds.values import writable

BOM = b"\xef\xbb\xbf"
Strip = Callable[[Exact], list[str]]
"""Take out in place what the format itself marks as secret; return the paths."""
SENSITIVE_RULE = ("marked_sensitive", 1)


def lines(body: bytes, blank: bool = False) -> Iterator[tuple[int, bytes]]:
    """Yield (number from 1, bytes) of each line or array member; blank lines only where asked for."""
    content = body.removeprefix(BOM)
    if is_array(content):
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


def is_array(body: bytes) -> bool:
    """Tell whether a body is one JSON array."""
    return body.removeprefix(BOM).lstrip()[:1] == b"["


def clean_lines(body: bytes, strip: Strip | None = None) -> tuple[bytes, list[dict[str, Any]]]:
    """Return the body without secrets; exactly as received where there are none. Lines keep their numbers."""
    if strip is None and not worth_a_look(body):
        return body, []
    kept: list[bytes] = []
    done = Redactions()
    for line, text in lines(body, blank=True):
        try:
            value: Exact = parse_exact(text)
        except BodyRefused:  # kept as it is, but for what looks like a secret
            clear, applied = redact(text, text.decode(errors="replace"))
            kept.append(str(clear).encode() if applied else text)
        else:
            clear, applied = clean_value(text, value, strip)
            kept.append(encode_exact(clear) if applied else text)
        done.add(line, applied)
    redactions = done.shown()
    if not redactions:
        return body, []
    return (b"[" + b",".join(kept) + b"]" if is_array(body) else b"\n".join(kept)), redactions


def clean_value(raw: bytes, value: Exact, strip: Strip | None) -> tuple[Exact, list[dict[str, Any]]]:
    """Return a value without what its format marks as secret and without what looks like it, and what was done."""
    stripped = strip(value) if strip is not None else []
    clear, applied = redact(raw, value)
    if stripped:
        rule, version = SENSITIVE_RULE
        marked: dict[str, Any] = {"rule": rule, "version": version, "paths": stripped[:MAX_PATHS]}
        applied = [*applied, marked | ({"more": len(stripped) - MAX_PATHS} if len(stripped) > MAX_PATHS else {})]
    return clear, applied


def begin_of(text: bytes) -> str:
    """Return the beginning of a line for a message."""
    return repr(writable(text[:60].decode(errors="replace")))


def plain(value: Exact) -> Any:
    """Return the value with floats for its decimals, as attributes are validated."""
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, list):
        return [plain(member) for member in value]
    if isinstance(value, dict):
        return {key: plain(member) for key, member in value.items()}
    return value


def read_plain(text: bytes) -> Any:
    """Return what `plain(parse_exact(text))` does. Raises BodyRefused as that does.

    What is surely one value without any of the things that parse_exact looks for is read by a parser that is several
    times as fast: no long or strange number, no key twice (as many colons behind quotes as there are keys), nothing
    deep. Everything else, and what that parser does not take, goes the exact way.
    """
    if len(text) <= SHORT and _STRANGE.search(text) is None:
        try:
            value = orjson.loads(text)
        except ValueError:
            return plain(parse_exact(text))
        if _keys(value, 0) == text.count(b'":'):
            return value
    return plain(parse_exact(text))


SHORT = 64 * 1024
"""Bytes of a value that has none too many keys and no string that is too long."""
_STRANGE = re.compile(rb"\d{16}|\d[eE][+-]?\d{3}|[:\[,\s]-0|\"\s+:")
"""A number of many digits, of a great exponent, a negative zero; a key whose colon does not follow at once."""
_SHALLOW = 32


def _keys(value: Any, depth: int) -> int:
    """Return how many keys the objects of a value have; -1 or less where it is deep."""
    if depth > _SHALLOW:
        return -SHORT
    if isinstance(value, dict):
        return len(value) + sum([_keys(each, depth + 1) for each in value.values() if isinstance(each, (dict, list))])
    if isinstance(value, list):
        return sum([_keys(each, depth + 1) for each in value if isinstance(each, (dict, list))])
    return 0
