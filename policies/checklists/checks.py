"""A checklist as read: frozen values that stages hand on. The YAML's own models are in schema.py."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, TypeAlias

CheckType = Literal["automatic", "manual"]
Severity = Literal["critical", "high", "medium", "low"]
ParamType = Literal["int", "double", "string", "bool", "list(string)"]
Expected = Literal["pass", "fail", "unknown", "not_applicable", "manual"]
Reason = Literal["missing", "incomplete", "basis"]

Facts: TypeAlias = Mapping[str, Any]
"""Facts by attribute name, in the form of the asset document: instants as RFC 3339 text, nothing null."""


@dataclass(frozen=True)
class Freshness:
    """Greatest age of the newest fact read before the verdict is stale; `age` None: stale as soon as facts change."""

    text: str
    age: timedelta | None


@dataclass(frozen=True)
class Param:
    """A parameter with our default. A workspace's own value is of the same type and needs an approver and a reason."""

    name: str
    type: ParamType
    default: int | float | str | bool | tuple[str, ...]
    unit: str | None
    reason: str


@dataclass(frozen=True)
class InlineTest:
    """One example with its verdict. Both engines must agree with it before the version is published.

    `related` holds the known relations only: present and empty means known to have none. `lineage` None: the asset was
    never named by an event. `possible` holds the lineage facts that change once possible flows are added.
    """

    expect: Expected
    why: str | None
    now: datetime
    asset: Facts
    related: Mapping[str, tuple[Facts, ...]]
    lineage: Facts | None
    possible: Facts | None
    missing: tuple[str, ...]
    reason: Reason | None


@dataclass(frozen=True)
class Check:
    """One check. `body` is the entry as written and `content_hash` its SHA-256 in hex: the check's identity in proofs.

    `condition` is None for manual checks only, `when` None for checks that always apply. `on_missing` is what a missing
    fact gives; never pass.
    """

    id: str
    slot: int
    question: str
    type: CheckType
    severity: Severity
    basis: str
    threshold_basis: str | None
    subject: str
    sources: tuple[str, ...]
    best_grade: str
    freshness: Freshness
    when: str | None
    condition: str | None
    on_missing: Literal["unknown", "fail"]
    params: tuple[Param, ...]
    remediation: str
    frameworks: Mapping[str, tuple[str, ...]]
    min_population: int | None
    evidence_required: tuple[str, ...]
    valid_for: timedelta | None
    attested_by: str | None
    tests: tuple[InlineTest, ...]
    body: Mapping[str, Any]
    content_hash: str


@dataclass(frozen=True)
class Withdrawn:
    """A check that is no more. Its slot is never given away, so that old verdict vectors stay readable."""

    id: str
    slot: int
    reason: str


@dataclass(frozen=True)
class Checklist:
    """One version of a checklist. `content_hash` (SHA-256, hex) over its canonical form goes into every verdict."""

    family: str
    title: str
    answers: str
    version: int
    verify_mappings: tuple[str, ...]
    withdrawn: tuple[Withdrawn, ...]
    checks: tuple[Check, ...]
    body: Mapping[str, Any]
    content_hash: str


@dataclass(frozen=True)
class Framework:
    """A law or norm that checks support: how it is called and how its clauses are numbered."""

    key: str
    name: str
    numbers: str
    status: str | None
