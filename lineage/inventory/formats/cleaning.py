"""Add up what redaction did over the lines of a batch."""

from typing import Any

from lineage.events.redact import MAX_PATHS


class Redactions:
    """Rules applied so far, with the lines and paths that they matched; bounded like those of a single event."""

    def __init__(self) -> None:
        self._paths: dict[tuple[str, int], list[str]] = {}
        self._more: dict[tuple[str, int], int] = {}

    def add(self, line: int, applied: list[dict[str, Any]]) -> None:
        """Note what was done to one line."""
        for rule in applied:
            key = (rule["rule"], rule["version"])
            known = self._paths.setdefault(key, [])
            room = MAX_PATHS - len(known)
            known += [f"line {line} {path}" for path in rule["paths"][:room]]
            dropped = len(rule["paths"]) - max(room, 0) + rule.get("more", 0)
            if dropped > 0:
                self._more[key] = self._more.get(key, 0) + dropped

    def shown(self) -> list[dict[str, Any]]:
        """Return them in the form that an event keeps."""
        return [
            {"rule": name, "version": version, "paths": paths}
            | ({"more": self._more[name, version]} if (name, version) in self._more else {})
            for (name, version), paths in sorted(self._paths.items())
        ]
