"""Assets found in a document: one per (kind, uid), put together from every place that tells something of it."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lineage.inventory.assets import Key
from lineage.inventory.formats.parsed import Parsed, Rejected
from lineage.inventory.kinds.values import show, writable

MAX_TYPE = 120
"""Characters of the name of a type that are kept."""


@dataclass
class _Asset:
    line: int
    place: str
    kind: str
    uid: str
    name: str | None = None
    origin: str | None = None
    observed_at: str | None = None
    attributes: dict[str, Any] = field(default_factory=dict)
    relations: dict[str, dict[Key, None]] = field(default_factory=dict)  # targets in order


class Collected:
    """What an importer found. `origin` and `observed_at` hold for what does not say otherwise; None = not said.

    An attribute of value None was not found and is left out: absent is unknown. Of values that differ the first stays.
    Targets of a relation add up.
    """

    def __init__(self, origin: str, observed_at: str | None = None) -> None:
        self._origin = origin
        self._observed_at = observed_at
        self._assets: dict[Key, _Asset] = {}
        self._problems: list[Rejected] = []
        self._unread: Counter[str] = Counter()
        self._missing: tuple[int, str] | None = None

    def add(
        self,
        place: str,
        kind: str,
        uid: str,
        *,
        name: str | None = None,
        origin: str | None = None,
        observed_at: str | None = None,
        attributes: Mapping[str, Any] | None = None,
        relations: Mapping[str, Sequence[Key] | None] | None = None,
    ) -> Key:
        """Note an asset, or more of one that is known already; return its key, to relate others to it.

        A relation of None was not found; an empty list says that it has none.
        """
        found = self._assets.setdefault((kind, uid), _Asset(len(self._assets) + 1, place, kind, uid))
        found.name = found.name or name
        found.origin = found.origin or origin
        found.observed_at = found.observed_at or observed_at
        for attribute, value in (attributes or {}).items():
            if value is not None:
                found.attributes.setdefault(attribute, value)
        for relation, targets in (relations or {}).items():
            if targets is not None:
                found.relations.setdefault(relation, {}).update(dict.fromkeys(targets))
        return kind, uid

    def forget(self, key: Key, attribute: str) -> None:
        """Say of a known asset that an attribute, of which it says nothing else, is not known any more."""
        self._assets[key].attributes.setdefault(attribute, None)

    def refuse(self, place: str, got: Any, expected: str, hint: str, *, line: int = 0) -> None:
        """Note something that should be an asset, or a part of one, and cannot be used; `line` where there are lines.

        Where `line` is given, `got` is already in words.
        """
        number = line or len(self._problems) + 1
        words = str(got) if line else "nothing" if got is None else show(got)
        self._problems.append(Rejected(number, "", words, expected, hint, place))

    def leave(self, what: str) -> None:
        """Note something of the document that is no asset of any kind of ours, by its type as the document names it."""
        self._unread[writable(what)[:MAX_TYPE]] += 1

    def lack(self, count: int, query: str) -> None:
        """Note that the document says itself that so many more things, of `query`, are not in it."""
        before, queries = self._missing or (0, "")
        self._missing = before + count, f"{queries}, {query}" if queries else query

    def parsed(self) -> Iterator[Parsed]:
        """Yield what was refused, then the assets as native rows in the order in which they were found first.

        Before them comes the population, where the document says that a part of it is missing.
        """
        if self._missing is not None:
            count, query = self._missing
            yield Parsed(0, is_row=False, manifest={"count": len(self._assets) + count, "query": query})
        for problem in self._problems:
            yield Parsed(problem.line, problems=(problem,), place=problem.place)
        if self._unread:
            yield Parsed(0, is_row=False, unread=self._unread)
        for asset in self._assets.values():
            row: dict[str, Any] = {
                "kind": asset.kind,
                "uid": asset.uid,
                "name": asset.name,
                "origin": asset.origin or self._origin,
                "observed_at": asset.observed_at or self._observed_at,
                "attributes": asset.attributes,
                "relations": {
                    relation: [{"kind": kind, "uid": uid} for kind, uid in targets]
                    for relation, targets in asset.relations.items()
                },
            }
            yield Parsed(
                asset.line, {name: value for name, value in row.items() if value is not None}, place=asset.place
            )
