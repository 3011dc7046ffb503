"""What each tool may be asked: pydantic models of enums, catalogue names and ids. Plain Python: no data is in reach.

One model per tool drives the slash command, the form, the API schema and, later, every planner.
"""

import datetime
import uuid
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from lineage.inventory.kinds.load import load_kinds

FAMILY_WORDS = {
    "sovereignty": "SOV",
    "security": "SEC",
    "skills": "SKL",
    "compute": "CMP",
    "data": "DAT",
    "network": "NET",
    "network-review": "NRC",
    "operations": "OPS",
    "economics": "ECO",
    "edge": "EDG",
    "mlops": "MLO",
    "provenance": "PRV",
    "organisation": "ORG",
    "roadmap": "RDM",
}
"""How people call the families."""


def _family(value: Any) -> Any:
    if not isinstance(value, str) or not value:
        return value
    code = FAMILY_WORDS.get(value.lower(), value.upper())
    if code not in FAMILY_WORDS.values():
        raise ValueError(f"expected one of {', '.join(sorted(FAMILY_WORDS))}")
    return code


def _kind(value: Any) -> Any:
    if isinstance(value, str) and value and value not in load_kinds():
        raise ValueError("expected a kind of the vocabulary, e.g. dataset, storage, vendor")
    return value


Family = Annotated[str, BeforeValidator(_family)]
Kind = Annotated[str, BeforeValidator(_kind)]
CheckId = Annotated[str, BeforeValidator(lambda value: value.upper() if isinstance(value, str) else value)]


class Severity(StrEnum):
    """Severities, worst first."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class Verdict(StrEnum):
    """Verdicts."""

    PASS = "pass"  # noqa: S105 - a verdict
    FAIL = "fail"
    UNKNOWN = "unknown"
    ERROR = "error"
    NOT_APPLICABLE = "not_applicable"
    MANUAL = "manual"


class FindingState(StrEnum):
    """States of a finding."""

    OPEN = "open"
    RESOLVED = "resolved"


class TicketState(StrEnum):
    """States of a ticket."""

    OPEN = "open"
    CLOSED = "closed"


class Parameters(BaseModel):
    """The base: an unknown name is an error, never ignored, because a filter that is dropped widens an answer."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)

    limit: int = Field(20, ge=1, le=200, description="rows to show; the total is always counted over all")


class ListFindings(Parameters):
    """Findings, worst first."""

    state: FindingState = Field(FindingState.OPEN, description="open or resolved")
    severity: Severity | None = None
    family: Family | None = Field(None, description="e.g. sovereignty, or SOV")
    check: CheckId | None = Field(None, description="e.g. SOV-04")
    kind: Kind | None = Field(None, description="kind of the asset, e.g. dataset")
    owner: str | None = None
    overdue: bool = Field(False, description="only those past their limit")


class ListVerdicts(Parameters):
    """Current verdicts by asset and check."""

    verdict: Verdict | None = None
    family: Family | None = None
    check: CheckId | None = None
    kind: Kind | None = None


class ComplianceSummary(Parameters):
    """Pass-rate, known-rate and grade per family, or per check of one family."""

    family: Family | None = None


class ListAssets(Parameters):
    """Assets by kind and place."""

    kind: Kind | None = None
    country: str | None = Field(None, pattern="^[A-Z]{2}$", description="ISO 3166, e.g. DE")
    environment: str | None = None
    name: str | None = Field(None, description="start of the name")


class ListTickets(Parameters):
    """Tickets, what is due first."""

    state: TicketState = TicketState.OPEN
    severity: Severity | None = None
    family: Family | None = None
    unassigned: bool = False


class ListSources(Parameters):
    """Who reports, when last, and who is silent or incomplete."""

    silent: bool = Field(False, description="only those that are silent")


class ListChanges(Parameters):
    """Verdict changes, newest first."""

    check: CheckId | None = None
    since: datetime.date | None = Field(None, description="first day, e.g. 2026-11-01")


class WillFail(Parameters):
    """What time alone will turn to fail."""

    days: int = Field(30, ge=1, le=365)


class ShowEvidence(Parameters):
    """A statement with its place in the ledger."""

    statement: uuid.UUID


class SearchChecks(Parameters):
    """Checks whose question holds some words."""

    text: str = Field(min_length=2, max_length=200)
