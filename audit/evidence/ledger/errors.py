"""What the ledger refuses. None is retryable: the same bytes are refused again."""


class LedgerError(Exception):
    """Base of this room's errors; `code` is stable, the message says what, got, expected and the next step."""

    retryable = False

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class KeyRefused(LedgerError):
    """A key file or a public key cannot be used: key_missing, key_exists, key_exposed, key_malformed."""


class NoteRefused(LedgerError):
    """A note cannot be trusted: note_malformed, note_unsigned (not by this key), note_signature (by it, but wrong)."""


class EnvelopeRefused(LedgerError):
    """An envelope cannot be trusted: envelope_malformed, envelope_key, envelope_signature."""


class RecordRefused(LedgerError):
    """A record cannot be sealed as it stands: record_malformed, record_mismatch."""


class BundleRefused(LedgerError):
    """A bundle cannot be written as asked: bundle_path, bundle_twice, bundle_finished, bundle_incomplete."""
