"""Repeatable choices: the value depends on the seed and on the name of what is decided, never on the order of calls.

So adding an asset changes no other asset, and the same seed writes the same bytes on every machine.
"""

import hashlib
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeVar

T = TypeVar("T")
_SPAN = float(1 << 64)


class Dice:
    """Choices under one seed; `path` names what is being decided."""

    def __init__(self, seed: int) -> None:
        self._prefix = f"{seed}/"

    def share(self, low: float, high: float, *path: object, digits: int = 3) -> float:
        """Return a number from `low` to `high`, rounded."""
        return round(low + (high - low) * self._unit(path), digits)

    def between(self, low: int, high: int, *path: object) -> int:
        """Return a whole number from `low` to `high`, both included."""
        return low + int((high - low + 1) * self._unit(path))

    def pick(self, options: Sequence[T], *path: object) -> T:
        """Return one of `options`."""
        return options[int(len(options) * self._unit(path))]

    def chance(self, share: float, *path: object) -> bool:
        """Return true in `share` of the cases."""
        return self._unit(path) < share

    def digest(self, *path: object) -> str:
        """Return a SHA-256 in hex, as registries report it."""
        return hashlib.sha256(self._name(path)).hexdigest()

    def uuid(self, *path: object) -> uuid.UUID:
        """Return a random-looking UUID (version 4 bits)."""
        return uuid.UUID(bytes=hashlib.sha256(self._name(path)).digest()[:16], version=4)

    def _unit(self, path: tuple[object, ...]) -> float:
        return int.from_bytes(hashlib.blake2b(self._name(path), digest_size=8).digest()) / _SPAN

    def _name(self, path: tuple[object, ...]) -> bytes:
        return (self._prefix + "/".join(map(str, path))).encode()


class Clock:
    """Instants relative to the anchor, written as every fact is: "2026-11-01T00:00:00Z".

    The anchor is the estate's "now", a full hour; everything measured lies before it.
    """

    def __init__(self, anchor: datetime) -> None:
        self.now = anchor.astimezone(UTC)

    def days_ago(self, days: float) -> str:
        """Return the instant `days` before the anchor."""
        return stamp(self.now - timedelta(days=days))

    def in_days(self, days: float) -> str:
        """Return the instant `days` after the anchor."""
        return stamp(self.now + timedelta(days=days))

    def hours_ago(self, hours: float) -> str:
        """Return the instant `hours` before the anchor."""
        return stamp(self.now - timedelta(hours=hours))


def full_hour(instant: datetime) -> datetime:
    """Return the full hour in which an instant lies: the anchor of an estate that is loaded then."""
    return instant.replace(minute=0, second=0, microsecond=0)


def anchor_of(text: str) -> datetime:
    """Read an anchor: "2026-11-25T14:00Z", or a day, which is its midnight (UTC). Raises ValueError for others."""
    instant = datetime.fromisoformat(text)
    return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)


def stamp(instant: datetime) -> str:
    """Write an instant in UTC to the second."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
