"""The form of a checklist file: strict pydantic models, no key beside the known ones, no value converted.

Law of change: a published version is kept as it was written, so a key may be added here, and none removed or given
another meaning.
"""

import re
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from policies.checklists.checks import CheckType, Expected, ParamType, Reason, Severity

MAX_SLOT = 1023
NEEDED: dict[str, tuple[Expected, ...]] = {"automatic": ("pass", "fail", "unknown"), "manual": ("manual",)}
"""Verdicts that the tests of a check must show, by its type; not_applicable comes on top where there is a `when`."""

Text = Annotated[str, Field(min_length=1, max_length=1000)]
Key = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,59}$")]
Expression = Annotated[str, Field(min_length=1, max_length=2000)]
CheckId = Annotated[str, Field(pattern=r"^[A-Z]{2,8}-[0-9]{2,3}$")]
Slot = Annotated[int, Field(ge=0, le=MAX_SLOT)]
Facts = dict[Key, bool | int | float | str | list[str] | dict[str, str]]

_READS_PARAM = re.compile(r"\bparams\.([a-z_][a-z0-9_]*)")


class _Form(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class ParamForm(_Form):
    """A parameter: `default` is of the declared type exactly; numbers have a unit."""

    type: ParamType
    default: bool | int | float | str | list[str]
    unit: Text | None = None
    reason: Text

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if not _is_of(self.default, self.type):
            hint = ", with a decimal point" if self.type == "double" else ""
            raise ValueError(f"a default of the type {self.type}{hint}")
        if self.type in ("int", "double") and self.unit is None:
            raise ValueError("a unit, as for every number")
        return self


def _is_of(value: Any, type_: ParamType) -> bool:
    match type_:
        case "int":
            return isinstance(value, int) and not isinstance(value, bool)
        case "double":
            return isinstance(value, float)
        case "string":
            return isinstance(value, str)
        case "bool":
            return isinstance(value, bool)
        case "list(string)":
            return isinstance(value, list)


class InlineTestForm(_Form):
    """One example; docs/checklists.md describes the keys."""

    expect: Expected
    why: Text | None = None
    now: Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")] | None = None
    asset: Facts
    related: dict[Key, list[Facts]] = {}
    lineage: Facts | None = None
    possible: Facts | None = None
    missing: list[Text] = []
    reason: Reason | None = None

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if self.expect != "unknown" and (self.missing or self.reason):
            raise ValueError("missing and reason only where the verdict is unknown")
        if self.reason not in (None, "missing") and self.missing:
            raise ValueError("missing paths only where the reason is missing")
        if self.possible is not None and self.lineage is None:
            raise ValueError("lineage beside possible, which only names what changes in it")
        return self


class CheckForm(_Form):
    """One check."""

    id: CheckId
    slot: Slot
    question: Text
    type: CheckType
    severity: Severity
    basis: Literal["law", "norm", "house"]
    threshold_basis: Literal["law", "norm", "house"] | None = None
    subject: Key
    sources: Annotated[list[Literal["lineage", "inventory", "attestation"]], Field(min_length=1)]
    best_grade: Literal["A", "B", "C", "D"]
    freshness: Annotated[str, Field(pattern=r"^([1-9][0-9]{0,4}[mhd]|per_change)$")]
    when: Expression | None = None
    condition: Expression | None = None
    on_missing: Literal["unknown", "fail"] = "unknown"
    params: dict[Key, ParamForm]
    remediation: Text
    frameworks: dict[Key, Annotated[list[Text], Field(min_length=1)]]
    min_population: Annotated[int, Field(ge=1)] | None = None
    evidence_required: Annotated[list[Text], Field(min_length=1)] | None = None
    valid_for: Annotated[str, Field(pattern=r"^[1-9][0-9]{0,4}d$")] | None = None
    attested_by: Text | None = None
    tests: Annotated[list[InlineTestForm], Field(min_length=1)]

    @model_validator(mode="after")
    def _belongs_to_the_type(self) -> Self:
        human = {
            "evidence_required": self.evidence_required,
            "valid_for": self.valid_for,
            "attested_by": self.attested_by,
        }
        if self.type == "manual":
            absent = [name for name, value in human.items() if value is None]
            if absent:
                raise ValueError(f"{', '.join(absent)} as well, as for every manual check")
            if self.condition is not None:
                raise ValueError("no condition: people answer a manual check")
        else:
            present = [name for name, value in human.items() if value is not None]
            if present:
                raise ValueError(f"no {', '.join(present)}: only manual checks have them")
            if self.condition is None:
                raise ValueError("a condition, as for every automatic check")
        return self

    @model_validator(mode="after")
    def _organisations_are_not_counted(self) -> Self:
        if self.min_population is not None and self.subject == "organisation":
            raise ValueError(
                "no min_population: whether there are enough subjects is judged on the organisation, whose place in "
                "this check is taken by its own verdict"
            )
        return self

    @model_validator(mode="after")
    def _tests_show_every_verdict(self) -> Self:
        needed = {*NEEDED[self.type]} | ({"not_applicable"} if self.when else set())
        if self.on_missing == "fail":
            needed.discard("unknown")
        if lacking := sorted(needed - {test.expect for test in self.tests}):
            raise ValueError(f"at least one test that expects {', one that expects '.join(lacking)}")
        return self

    @model_validator(mode="after")
    def _every_param_is_read(self) -> Self:
        read = set(_READS_PARAM.findall(f"{self.when} {self.condition}"))
        if unread := sorted(self.params.keys() - read):
            raise ValueError(f"no parameter that nothing reads: {', '.join(unread)}")
        if undeclared := sorted(read - self.params.keys()):
            raise ValueError(f"every parameter declared: {', '.join(undeclared)} is not")
        return self


class WithdrawnForm(_Form):
    """A check that was withdrawn: its id and slot stay taken."""

    id: CheckId
    slot: Slot
    reason: Text


class ChecklistForm(_Form):
    """The whole file."""

    family: Annotated[str, Field(pattern=r"^[A-Z]{2,8}$")]
    title: Annotated[str, Field(min_length=1, max_length=200)]
    answers: Text
    version: Annotated[int, Field(ge=1)]
    verify_mappings: list[Key] = []
    withdrawn: list[WithdrawnForm] = []
    checks: Annotated[list[CheckForm], Field(min_length=1)]


class FrameworkForm(_Form):
    """One row of frameworks.yaml."""

    name: Text
    numbers: Text
    status: Text | None = None


class FrameworksForm(_Form):
    """frameworks.yaml."""

    version: Annotated[int, Field(ge=1)]
    frameworks: dict[Key, FrameworkForm]
