"""The formats that the inventory door takes, by the name that a sender gives."""

from collections.abc import Mapping

from lineage.inventory.errors import InventoryRefused
from lineage.inventory.formats.csv_per_kind import CSV_PER_KIND
from lineage.inventory.formats.native import NATIVE
from lineage.inventory.formats.parsed import Format
from lineage.inventory.nearest import closing

FORMATS: Mapping[str, Format] = {"native": NATIVE, "ndjson": NATIVE, "json": NATIVE, "csv": CSV_PER_KIND}


def format_named(name: str) -> Format:
    """Return the format of this name. Raises InventoryRefused with the names that exist."""
    if name not in FORMATS:
        raise InventoryRefused(
            f"format={name[:40]!r} is not known: expected one of {', '.join(FORMATS)}{closing(name, FORMATS)} "
            "See docs/inventories.md.",
            code="format_unknown",
        )
    return FORMATS[name]
