"""What the inventory doors refuse as a whole; single rows are rejected beside the good ones, never so."""

from typing import Literal

from accounts.errors import AuditlineError

InventoryCode = Literal[
    "source_invalid", "mode_unknown", "format_unknown", "kind_unknown", "csv_encoding", "csv_malformed", "csv_header",
    "json_malformed", "yaml_malformed", "line_too_long", "import_running", "inventory_empty", "inventory_no_row",
    "inventory_nothing_read",
    "summary_too_large", "scale_unknown", "xlsx_malformed", "xlsx_too_large",
]  # fmt: skip
"""Stable, and listed in docs/errors.md."""


class InventoryRefused(AuditlineError):
    """The batch cannot be used at all; `code` says why. Nothing of it was kept."""

    def __init__(self, message: str, *, code: InventoryCode, details: object = None) -> None:
        super().__init__(message, details=details)
        self.code = code
