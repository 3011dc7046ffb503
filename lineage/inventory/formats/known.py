"""The formats that the inventory door takes, by the name that a sender gives, and which of them a file is.

Each module in `importers/` is one format and says so in its constant FORMAT: a new one needs no line anywhere else.
"""

import pkgutil
from collections.abc import Mapping
from importlib import import_module

from lineage.inventory.errors import InventoryRefused
from lineage.inventory.formats import importers
from lineage.inventory.formats.csv_per_kind import CSV_PER_KIND
from lineage.inventory.formats.native import NATIVE
from lineage.inventory.formats.parsed import Format
from lineage.inventory.formats.sample import Sample
from lineage.inventory.formats.xlsx_per_kind import XLSX_PER_KIND
from lineage.inventory.nearest import closing


def _imported() -> Mapping[str, Format]:
    names = sorted(module.name for module in pkgutil.iter_modules(importers.__path__))
    found: list[Format] = [import_module(f"{importers.__name__}.{name}").FORMAT for name in names]
    return {each.name: each for each in found}


IMPORTERS = _imported()
FORMATS: Mapping[str, Format] = {
    "native": NATIVE,
    "ndjson": NATIVE,
    "json": NATIVE,
    "csv": CSV_PER_KIND,
    "xlsx": XLSX_PER_KIND,
    **IMPORTERS,
}


def format_named(name: str) -> Format:
    """Return the format of this name. Raises InventoryRefused with the names that exist."""
    if name not in FORMATS:
        raise InventoryRefused(
            f"format={name[:40]!r} is not known: expected one of {', '.join(FORMATS)}{closing(name, FORMATS)} "
            "See docs/inventories.md.",
            code="format_unknown",
        )
    return FORMATS[name]


def format_of(sample: Sample) -> str:
    """Return the name of the format that a file has, from its beginning.

    What no format knows counts as native lines where it looks like these or like nothing at all: their errors say what
    is expected. Raises InventoryRefused for other content.
    """
    known = [each.name for each in (*IMPORTERS.values(), XLSX_PER_KIND, CSV_PER_KIND, NATIVE) if each.knows(sample)]
    if known:
        return known[0]
    first = sample.text.strip().partition("\n")[0].strip()
    if first[:1] == "[" or first == "" or (first[0] == "{" and first != "{"):
        return NATIVE.name
    begin = sample.text.strip()[:60]
    raise InventoryRefused(
        f"The format cannot be told from a file that begins with {begin!r}: expected one of "
        f"{', '.join(sorted({each.title for each in FORMATS.values()}))}. Name it by format=, or map the columns of a "
        "table (docs/inventories.md).",
        code="format_unknown",
    )
