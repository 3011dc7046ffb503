"""Verdicts of one check on one asset, and why."""

from dataclasses import dataclass
from enum import IntEnum, StrEnum

from policies.rules.facts import Fact, Lack


class Code(IntEnum):
    """The byte of a verdict vector;

    0 is kept for "never judged". Stored: numbers are never given to another meaning.
    """

    PASS = 1
    FAIL = 2
    UNKNOWN = 3
    ERROR = 4
    NOT_APPLICABLE = 5
    MANUAL = 6


class Reason(StrEnum):
    """Why a verdict is not simply what the condition says. Stored: names are never given to another meaning."""

    NONE = ""
    MISSING = "missing"
    """A fact that is needed is missing; the verdict is unknown, or fail where the check says on_missing: fail."""
    BROKEN = "broken"
    """A stored value has the wrong type, or the arithmetic has no result; error."""
    DISAGREEMENT = "disagreement"
    """Our trace and Google's engine differ: a defect of ours; error."""
    BASIS = "basis"
    """It passes on proven lineage and does not on possible lineage; unknown."""
    INCOMPLETE = "incomplete"
    """It passes on the lineage that is known, which is not complete; unknown."""
    POPULATION = "population"
    """It is about how many subjects there are, and not about one of them; whatever the code."""


@dataclass(frozen=True)
class Verdict:
    """What a check says of an asset.

    `facts` are those that the condition's result needed (they decide the grade), `when_facts` those of `when`. `lacks`
    holds the missing and broken facts of an undecided verdict, also where `on_missing: fail` made it a fail.
    """

    code: Code
    reason: Reason = Reason.NONE
    facts: tuple[Fact, ...] = ()
    when_facts: tuple[Fact, ...] = ()
    lacks: tuple[Lack, ...] = ()

    @property
    def missing(self) -> tuple[str, ...]:
        """Paths of the missing facts, as the rule names them."""
        return tuple(dict.fromkeys(lack.path for lack in self.lacks if lack.why == "missing"))
