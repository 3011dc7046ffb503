"""Read a manifest: what a batch says of its own population."""

import datetime
from dataclasses import dataclass
from typing import Any

from lineage.inventory.formats.parsed import Rejected
from lineage.inventory.kinds.values import format_timestamp, parse_timestamp, show
from lineage.inventory.rows import EARLIEST, FUTURE_ALLOWED

MEMBERS = ("query", "count", "generated_at", "collector", "expected_every_hours")
MOST_HOURS = 24 * 366


@dataclass(frozen=True)
class Manifest:
    """What the sender states. `count`: rows that there are to send; None = not stated, the population is open."""

    query: str = ""
    count: int | None = None
    generated_at: datetime.datetime | None = None
    collector: str = ""
    expected_every_hours: int | None = None

    def kept(self) -> dict[str, Any]:
        """Return it as JSON, members that were not stated left out."""
        stated: dict[str, Any] = {
            "query": self.query,
            "count": self.count,
            "generated_at": format_timestamp(self.generated_at) if self.generated_at else None,
            "collector": self.collector,
            "expected_every_hours": self.expected_every_hours,
        }
        return {name: value for name, value in stated.items() if value not in (None, "")}


def read_manifest(line: int, given: Any, now: datetime.datetime) -> tuple[Manifest, list[Rejected]]:
    """Return the manifest and what of it cannot be used; that is left out, and the rest counts."""
    if not isinstance(given, dict):
        return Manifest(), [_refused(line, "", given, "an object", f"with any of {', '.join(MEMBERS)}")]
    problems = [
        _refused(line, name, given[name], "a known member", "leave it out") for name in given if name not in MEMBERS
    ]
    texts = {name: given.get(name) for name in ("query", "collector")}
    for name, value in texts.items():
        if value is not None and (not isinstance(value, str) or "\x00" in value):
            problems.append(_refused(line, name, value, "text", "correct it"))
            texts[name] = None
    count = _whole(line, "count", given.get("count"), 0, 10**9, problems)
    hours = _whole(line, "expected_every_hours", given.get("expected_every_hours"), 1, MOST_HOURS, problems)
    generated_at = _instant(line, given.get("generated_at"), now, problems)
    return Manifest(texts["query"] or "", count, generated_at, texts["collector"] or "", hours), problems


def _whole(line: int, name: str, value: Any, least: int, most: int, problems: list[Rejected]) -> int | None:
    if value is None or (isinstance(value, int) and not isinstance(value, bool) and least <= value <= most):
        return value
    problems.append(_refused(line, name, value, f"a whole number from {least} to {most}", "correct it"))
    return None


def _instant(line: int, value: Any, now: datetime.datetime, problems: list[Rejected]) -> datetime.datetime | None:
    if value is None:
        return None
    instant = parse_timestamp(value) if isinstance(value, str) else None
    if instant is None:
        problems.append(
            _refused(line, "generated_at", value, "RFC 3339 time with zone", "such as 2026-11-01T00:00:00Z")
        )
    elif instant > now + FUTURE_ALLOWED:
        problems.append(_refused(line, "generated_at", value, "a time up to now", "set the clock of the collector"))
        instant = None
    elif instant < EARLIEST:
        problems.append(
            _refused(line, "generated_at", value, f"a time since {EARLIEST:%Y}", "set the clock of the collector")
        )
        instant = None
    return instant


def _refused(line: int, name: str, value: Any, expected: str, hint: str) -> Rejected:
    return Rejected(line, f"manifest.{name}"[:120].rstrip("."), show(value), expected, hint)
