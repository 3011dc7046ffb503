"""What the sealed records say that the tables must say: gathered while the ledger is walked, newest record per row.

Newest is by revision, which each stage takes under the workspace's lock; acts of one revision follow by their id, which
is that of their making. The ledger's order is not used: a statement whose sealing failed once stands behind later ones.

Content of bodies, and its law: a body that names no "content" is of the first kind and says less; members are only
added. "findings/v2" and "tickets/v2" say every column of their rows but `owner`, and `assignee`, which acts say. What a
body does not say is None here and is not compared.

Memory: some 200 bytes per verdict, some 500 per finding and ticket.
"""

import json
from collections.abc import Iterable, Mapping
from typing import NamedTuple, TypeVar

from accounts.cells import csv_text
from audit.evidence.ledger.envelope import Statement
from audit.evidence.ledger.rows import Leaf

Value = TypeVar("Value")
NOT_JUDGED = "not_judged"
WAIVED = 0x40  # in a leaf's "byte" (policies/evaluation/codes.py; no number is ever given to another meaning)

FINDING = (
    "check", "family", "severity", "state", "asset", "kind", "uid", "name", "grade", "detected_at", "due_at",
    "resolved_at", "resolution", "reopened", "reopened_after", "title", "statement", "revision",
)  # fmt: skip
TICKET = ("number", "title", "state", "finding", "due_at", "opened_at", "closed_at", "reopened")

Order = tuple[int, str]
"""Revision and id of a statement."""
Pair = tuple[str, str]
"""Kind and uid of an asset, as cells."""
Said = Mapping[str, str | None]
"""Column -> cell; None where the record does not say it."""


class Judged(NamedTuple):
    """The newest change of one (asset, check); None where the leaf does not say it."""

    verdict: str
    stale: str | None
    waived: str | None
    grade: str | None


class Act(NamedTuple):
    """What a person did to a ticket last, of one sort."""

    order: Order
    value: str  # cell; of an older body the day alone
    exact: bool


class Sealed:
    """The newest records so far; fed statement by statement, each leaf under its statement."""

    def __init__(self) -> None:
        self.verdicts: dict[Pair, dict[str, tuple[Order, Judged]]] = {}
        self.findings: dict[str, tuple[Order, str]] = {}
        self.tickets: dict[str, tuple[Order, str]] = {}
        self.assigned: dict[str, Act] = {}
        self.due: dict[str, Act] = {}
        self._shared: dict[Judged, Judged] = {}  # few distinct ones, so that each is kept once
        self._names: dict[str, str] = {}

    def see_statement(self, statement: Statement) -> None:
        """Take what a signed statement says of findings, tickets and checks."""
        order, body = (statement.revision, statement.id), statement.body
        match statement.action:
            case "audit:findings:raised":
                for said in _mappings(body.get("findings")):
                    _keep(self.findings, csv_text(said.get("finding")), order, _packed(_finding(said), FINDING))
            case "audit:tickets:changed":
                for said in _mappings(body.get("tickets")):
                    _keep(self.tickets, csv_text(said.get("ticket")), order, _packed(_ticket(said), TICKET))
            case "audit:ticket:assigned":
                self._see_act(order, body)

    def see_leaf(self, statement: Statement, leaf: Leaf) -> None:
        """Take the changes that one leaf of a signed statement says; one that cannot be read is named elsewhere."""
        order = (statement.revision, statement.id)
        try:
            content = json.loads(leaf.content)
            pair = csv_text(content["asset"]["kind"]), csv_text(content["asset"]["uid"])
            changes = list(_mappings(content.get("changes")))
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
            return
        kept = self.verdicts.setdefault(pair, {})
        for change in changes:
            check = csv_text(change.get("check"))
            judged = _judged(change)
            _keep(kept, self._names.setdefault(check, check), order, self._shared.setdefault(judged, judged))

    def _see_act(self, order: Order, body: Mapping[str, object]) -> None:
        ticket, detail = csv_text(body.get("ticket")), csv_text(body.get("detail"))
        if body.get("what") == "assigned":
            kept, act = self.assigned, Act(order, "" if detail == "nobody" else detail, True)
        elif body.get("what") == "due date set":
            kept, act = self.due, Act(order, csv_text(body.get("due_at")) or detail, "due_at" in body)
        else:
            return
        if ticket not in kept or kept[ticket].order < order:
            kept[ticket] = act


def unpacked(packed: str, columns: Iterable[str]) -> Said:
    """Return what `Sealed.findings` and `Sealed.tickets` keep, by column."""
    return {name: None if value == _UNSAID else value for name, value in zip(columns, packed.split(_END), strict=True)}


_END, _UNSAID = "\x1f", "\x1e"


def _packed(said: Said, columns: Iterable[str]) -> str:
    """Return cells as one text: a fifth of the memory of a dict."""
    cells = (said.get(name) for name in columns)
    return _END.join(_UNSAID if value is None else value.replace(_END, " ") for value in cells)


def _finding(said: Mapping[str, object]) -> Said:
    found: dict[str, str | None] = {name: csv_text(said[name]) if name in said else None for name in FINDING}
    found["family"] = csv_text(said.get("check")).partition("-")[0]
    found["statement"] = csv_text(said.get("evaluation"))
    return found


def _ticket(said: Mapping[str, object]) -> Said:
    found: dict[str, str | None] = {name: csv_text(said[name]) if name in said else None for name in TICKET}
    found["state"] = "closed" if said.get("what") in ("closed", "still closed") else "open"
    return found


def _judged(change: Mapping[str, object]) -> Judged:
    byte = change.get("byte")
    bits = byte if isinstance(byte, int) else None
    return Judged(
        verdict=csv_text(change.get("to")),
        stale=csv_text(change["stale"]) if "stale" in change else None,
        waived=None if bits is None else csv_text(bool(bits & WAIVED)),
        grade=csv_text(change["grade"]) if "grade" in change else None,
    )


def _mappings(value: object) -> Iterable[Mapping[str, object]]:
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list) else []


def _keep(kept: dict[str, tuple[Order, Value]], key: str, order: Order, value: Value) -> None:
    if key not in kept or kept[key][0] <= order:
        kept[key] = order, value
