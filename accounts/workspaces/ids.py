"""Make keys: UUIDv7 (RFC 9562 section 5.7), made by the application so that a key is known before its row."""

import datetime
import uuid

import uuid_utils.compat


def new_id() -> uuid.UUID:
    """Return a new UUIDv7: 48 bits of Unix time in milliseconds, then random bits."""
    return uuid_utils.compat.uuid7()


def lowest_id(instant: datetime.datetime) -> uuid.UUID:
    """Return the smallest UUIDv7 of the millisecond of `instant`: the bound of a partition or of a time filter."""
    millis = int(instant.timestamp() * 1000)
    return uuid.UUID(int=(millis << 80) | (0x7 << 76) | (0x2 << 62))
