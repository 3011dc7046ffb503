"""What the inventory doors refuse as a whole; single rows are rejected beside the good ones, never so."""

from accounts.errors import AuditlineError


class InventoryRefused(AuditlineError):
    """The batch cannot be used at all; `code` says why. Nothing of it was kept."""

    code = "inventory_invalid"

    def __init__(self, message: str, *, code: str = "inventory_invalid", details: object = None) -> None:
        super().__init__(message, details=details)
        self.code = code
