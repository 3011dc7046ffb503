"""What each tool may be asked: pydantic models of enums, catalogue names and ids. Plain Python: no data is in reach.

One model per tool drives the slash command, the form, the API and, later, every planner. A form knows from the JSON
schema how to ask for each parameter; "catalogue" there names the list of which a text must be one.
"""

import datetime
import uuid
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, WithJsonSchema, field_validator

from lineage.inventory.kinds.load import load_kinds
from lineage.inventory.kinds.where import said

MOST_ROWS = 200
"""Rows that one answer gives at most."""
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


def _upper(value: Any) -> Any:
    return value.upper() if isinstance(value, str) else value


Family = Annotated[str, BeforeValidator(_family), WithJsonSchema({"type": "string", "catalogue": "family"})]
Kind = Annotated[str, BeforeValidator(_kind), WithJsonSchema({"type": "string", "catalogue": "kind"})]
CheckId = Annotated[str, BeforeValidator(_upper)]
Country = Annotated[str, Field(pattern="^[A-Z]{2}$"), BeforeValidator(_upper)]


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

    limit: int = Field(20, ge=1, le=MOST_ROWS, description="rows to show; the total is always counted over all")

    @field_validator("*", mode="before")
    @classmethod
    def _no_nul(cls, value: Any) -> Any:
        """Refuse the one character that no text of the database can hold, before a query does."""
        if isinstance(value, str) and "\x00" in value:
            raise ValueError("expected a text without a NUL character")
        return value


class ListFindings(Parameters):
    """Findings, worst first."""

    state: FindingState = Field(FindingState.OPEN, description="whether it still stands")
    severity: Severity | None = Field(None, description="only this severity")
    family: Family | None = Field(None, description="family of the check, e.g. sovereignty, or SOV")
    check: CheckId | None = Field(None, description="id of the check, e.g. SOV-04")
    kind: Kind | None = Field(None, description="kind of the asset, e.g. dataset")
    owner: str | None = Field(None, description="owner of the asset, as it is written there")
    overdue: bool = Field(False, description="only those past their limit")


class ListVerdicts(Parameters):
    """Current verdicts by asset and check."""

    verdict: Verdict | None = Field(None, description="only this verdict")
    family: Family | None = Field(None, description="family of the check, e.g. sovereignty, or SOV")
    check: CheckId | None = Field(None, description="id of the check, e.g. SOV-04")
    kind: Kind | None = Field(None, description="kind of the asset, e.g. dataset")


class ComplianceSummary(Parameters):
    """Pass-rate, known-rate and grade per family, or per check of one family."""

    family: Family | None = Field(None, description="the checks of this family; without it, every family")


class ListAssets(Parameters):
    """Assets by kind, place and attribute."""

    kind: Kind | None = Field(None, description="kind of the asset, e.g. dataset")
    country: Country | None = Field(None, description="two letters of ISO 3166, e.g. DE")
    environment: str | None = Field(None, description="as the asset reports it, e.g. prod")
    name: str | None = Field(None, description="start of the name")
    where: str | None = Field(
        None, description="an attribute of the kind, e.g. public_access=true, or days_to_full<=30", max_length=400
    )

    @field_validator("where")
    @classmethod
    def _known(cls, value: str | None, info: ValidationInfo) -> str | None:
        """Refuse what the kind does not have; whether the workspace declared it or it is shipped is all the same."""
        if value:
            kind = info.data.get("kind")
            if not kind:
                raise ValueError("expected the kind beside it whose attribute it is")
            said(load_kinds()[kind], value)
        return value


class ListTickets(Parameters):
    """Tickets, what is due first."""

    state: TicketState = Field(TicketState.OPEN, description="whether work is left")
    severity: Severity | None = Field(None, description="only this severity")
    family: Family | None = Field(None, description="family of the check, e.g. sovereignty, or SOV")
    unassigned: bool = Field(False, description="only those that nobody has")


class ListSources(Parameters):
    """Who reports, when last, and who is silent or incomplete."""

    silent: bool = Field(False, description="only those that are silent")


class ListChanges(Parameters):
    """Verdict changes, newest first."""

    check: CheckId | None = Field(None, description="id of the check, e.g. SOV-04")
    since: datetime.date | None = Field(None, description="first day, e.g. 2026-11-01")


class WillFail(Parameters):
    """What time alone will turn to fail."""

    days: int = Field(30, ge=1, le=365, description="days from now, 1 to 365")


class ShowEvidence(Parameters):
    """A statement with its place in the ledger."""

    statement: uuid.UUID = Field(description="id of a statement, as the page of each statement shows it")


class SearchChecks(Parameters):
    """Checks whose question holds some words."""

    text: str = Field(min_length=2, max_length=200, description="words, e.g. residency; each must occur")
