"""Formats that are one JSON document: read as a whole, cleaned, told as native rows."""

from collections.abc import Callable, Iterator
from typing import Any

from accounts.journal.canonical.exact import BodyRefused, Exact, encode_exact, parse_exact
from lineage.inventory.errors import InventoryRefused
from lineage.inventory.formats.collected import Collected
from lineage.inventory.formats.parsed import Fills, Format, Parameters, Parsed
from lineage.inventory.formats.per_line import BOM, Strip, clean_value, plain
from lineage.inventory.formats.sample import Sample

Tell = Callable[[Any, Collected], None]
"""Put what a document says into what is collected."""


def json_format(
    name: str,
    title: str,
    *,
    grade_class: str,
    origin: str,
    knows: Callable[[Sample], bool],
    tell: Tell,
    fills: Fills,
    strip: Strip | None = None,
) -> Format:
    """Return the format of a JSON document, from what tells its assets.

    `tell` gets the parsed document (numbers as int and float); `origin` is that of its rows (measured where a machine
    read the thing itself, declared where it is written down). A document that is no JSON at all is refused.
    """

    def read(body: bytes, parameters: Parameters) -> Iterator[Parsed]:
        found = Collected(origin)
        tell(plain(_document(body, title)), found)
        yield from found.parsed()

    def clean(body: bytes, parameters: Parameters) -> tuple[bytes, list[dict[str, Any]]]:
        clear, applied = clean_value(body, _document(body, title), strip)
        return (encode_exact(clear), applied) if applied else (body, [])

    return Format(name, title, grade_class, knows, read, clean, fills=fills)


def _document(body: bytes, title: str) -> Exact:
    try:
        return parse_exact(body.removeprefix(BOM))
    except BodyRefused as error:
        raise InventoryRefused(
            f"The file is no {title}: {error.message} Expected one JSON document. Export it again and send it whole.",
            code="json_malformed",
        ) from None
