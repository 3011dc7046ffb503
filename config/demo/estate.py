"""The estate while it is being put together: what each source will report about each asset.

An asset may be reported by several sources (a catalogue declares the class of a data set, a scanner measures its
encryption); each pair of source and asset becomes one native line.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from config.demo.chance import Clock, Dice

Refs = Sequence[tuple[str, str]]
"""Targets of a relation as (kind, uid)."""


@dataclass(frozen=True)
class Source:
    """A system that reports assets.

    `hours_old`: time between its report and the anchor. `missing`: lines that its manifest counts and that it did not
    send. `csv_kind`: the one kind that it reports as CSV; empty = native lines. `every_hours`: its promised cadence.
    """

    name: str
    origin: str
    collector: str
    hours_old: float
    missing: int = 0
    csv_kind: str = ""
    every_hours: int = 168


SOURCES: Mapping[str, Source] = {
    source.name: source
    for source in (
        Source("cloud-config", "measured", "config-scanner 4.2", 1),
        Source("cmdb-eu", "measured", "cmdb-export 11", 6),
        Source("cmdb-ch", "measured", "cmdb-export 11", 6),
        # Three assets of this population never arrive: the manifest counts more than the file holds.
        Source("cmdb-sg", "measured", "cmdb-export 9", 6, missing=3),
        Source("network-map", "measured", "netmap 2.8", 3),
        # Nobody noticed that this collector stopped: the last report is five weeks old.
        Source("edge-fleet-sg", "measured", "fleet-agent 1.7", 35 * 24, every_hours=24),
        Source("edge-fleet", "measured", "fleet-agent 1.9", 1),
        Source("data-catalogue", "declared", "catalogue-export 3", 5),
        Source("scheduler-registry", "measured", "scheduler-export 1.4", 2),
        Source("model-registry", "measured", "registry-export 2.1", 2),
        Source("ai-register", "declared", "register-export 1", 8),
        Source("service-monitor", "measured", "monitor-export 5", 1),
        Source("service-catalogue", "declared", "catalogue-export 3", 5),
        Source("artifact-scanner", "measured", "scanner 7.0", 2),
        Source("delivery-pipeline", "measured", "pipeline-export 6", 2),
        Source("identity-provider", "measured", "directory-export 8", 2),
        Source("hr-roster", "measured", "roster-export 2", 20),
        Source("skills-matrix", "declared", "matrix-export 1", 30),
        Source("vendor-register", "declared", "register-export 4", 30),
        Source("transfer-register", "declared", "register-export 4", 9),
        Source("finance-plan", "declared", "planning-export 12", 26),
        Source("billing", "measured", "billing-export 3", 8),
        Source("portfolio", "declared", "portfolio-export 5", 26),
        Source("incident-desk", "measured", "desk-export 10", 1),
        Source("review-register", "declared", "register-export 4", 28),
        Source("skill-holdings", "declared", "", 72, csv_kind="skill_holding"),
        Source("policy-library", "declared", "", 50, csv_kind="policy_document"),
        Source("workload-sheet", "declared", "", 50, csv_kind="workload"),
    )
}


@dataclass
class Line:
    """What one source says about one asset."""

    kind: str
    uid: str
    name: str
    attributes: dict[str, Any]
    relations: dict[str, list[dict[str, str]]]


@dataclass
class Estate:
    """All lines by (source, kind, uid), in the order in which they were reported."""

    dice: Dice
    clock: Clock
    scale: float
    lines: dict[tuple[str, str, str], Line] = field(default_factory=dict)
    _by_asset: dict[tuple[str, str], list[Line]] = field(default_factory=dict)

    def report(
        self,
        source: str,
        kind: str,
        uid: str,
        attributes: Mapping[str, Any],
        *,
        name: str = "",
        relations: Mapping[str, Refs] | None = None,
        organisation: str = "",
    ) -> None:
        """Let `source` report an asset; every asset names its legal entity in the line that says what it is."""
        if source not in SOURCES:
            raise KeyError(f"unknown source {source!r}: add it to SOURCES")
        key = (source, kind, uid)
        if key in self.lines:
            raise ValueError(f"{source} already reports {kind} {uid}: give it a uid of its own")
        wanted = dict(relations or {})
        if organisation:
            wanted["organisation"] = [("organisation", organisation)]
        line = Line(kind, uid, name, dict(attributes), {relation: refs(to) for relation, to in wanted.items()})
        self.lines[key] = line
        self._by_asset.setdefault((kind, uid), []).append(line)

    def of_kind(self, kind: str) -> list[str]:
        """Return the uids of a kind that any source reports, in order of first report."""
        return [uid for of, uid in self._by_asset if of == kind]

    def lines_of(self, kind: str, uid: str) -> list[Line]:
        """Return the lines of one asset, in order of report."""
        return self._by_asset.get((kind, uid), [])

    def fact(self, kind: str, uid: str, attribute: str) -> Any:
        """Return the first reported value of an attribute, None when no source reports it."""
        return next(
            (line.attributes[attribute] for line in self.lines_of(kind, uid) if attribute in line.attributes), None
        )

    def ago(self, low: int, high: int, *path: object) -> str:
        """Return an instant from `low` to `high` days before the anchor."""
        return self.clock.days_ago(self.dice.between(low, high, "ago", *path))


def refs(targets: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    """Write relation targets as native lines do."""
    return [{"kind": kind, "uid": uid} for kind, uid in targets]


def joined_uid(namespace: str, name: str) -> str:
    """Return the uid of a data set or job (vocabulary, convention uid); also of a flow, from the uids of its ends."""
    return quote(namespace, safe="") + "/" + quote(name, safe="")
