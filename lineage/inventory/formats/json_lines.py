"""Formats of one JSON value per line: each is read and cleaned by itself, and a broken line loses no other.

The same values may come as one JSON array, or inside one document as the list `within` it that the tool calls so.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from accounts.journal.canonical.exact import BodyRefused, Exact, encode_exact, parse_exact
from lineage.inventory.formats.collected import Collected
from lineage.inventory.formats.look import at
from lineage.inventory.formats.parsed import Fills, Format, Parameters, Parsed
from lineage.inventory.formats.per_line import BOM, Strip, begin_of, clean_lines, clean_value, is_array, lines, plain
from lineage.inventory.formats.sample import Sample

Placed = tuple[str, Any]
"""A value with its place: `line 3`, or `[2]` and `assets[2]` where it is a member of a list."""
TellAll = Callable[[Iterator[Placed], Collected], None]
"""Put what the values say into what is collected. They come one by one, and no two are held at once."""


def json_lines_format(
    name: str,
    title: str,
    *,
    grade_class: str,
    origin: str,
    knows: Callable[[Sample], bool],
    tell: TellAll,
    fills: Fills,
    strip: Strip | None = None,
    within: Sequence[str] = (),
) -> Format:
    """Return the format of one JSON value per line, from what tells their assets; as of json_format.

    `strip` gets one value, or the whole document where all of them lie within one.
    """

    def read(body: bytes, parameters: Parameters) -> Iterator[Parsed]:
        found = Collected(origin)
        tell(_values(body, within, found), found)
        yield from found.parsed()

    def clean(body: bytes, parameters: Parameters) -> tuple[bytes, list[dict[str, Any]]]:
        whole = _whole(body)
        if whole is None:
            return clean_lines(body, strip)
        clear, applied = clean_value(body, whole, strip)
        return (encode_exact(clear), applied) if applied else (body, [])

    return Format(name, title, grade_class, knows, read, clean, media_type="application/x-ndjson", fills=fills)


def _values(body: bytes, within: Sequence[str], found: Collected) -> Iterator[Placed]:
    if (whole := _whole(body)) is not None:
        yield from _inside(plain(whole), within)
        return
    numbered = is_array(body)
    for line, text in lines(body):
        place = f"[{line - 1}]" if numbered else f"line {line}"
        try:
            value = plain(parse_exact(text))
        except BodyRefused as error:
            got = f"{begin_of(text)} ({error.message})"
            found.refuse(place, got, "one JSON value", "correct the line and send it again", line=line)
        else:
            yield place, value


def _inside(document: Any, within: Sequence[str]) -> Iterator[Placed]:
    for member in within:
        if isinstance(values := at(document, member), list):
            yield from ((f"{member}[{index}]", value) for index, value in enumerate(values))
            return
    yield "$", document


def _whole(body: bytes) -> Exact:
    """Return the body where it is one JSON object; None where it is lines, an array, or nothing that can be read."""
    content = body.removeprefix(BOM).strip()
    if content[:1] != b"{" or content[-1:] != b"}":
        return None
    try:
        return parse_exact(content)
    except BodyRefused:
        return None
