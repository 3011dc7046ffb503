"""What a kind of asset is made of: typed attributes, ages, relations.

Frozen, plain Python: importers, the rule compiler, CSV templates, pages and the conversation read the same objects.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

AttributeType = Literal["string", "int", "double", "bool", "timestamp", "list(string)", "map"]
AgeUnit = Literal["days", "hours", "minutes", "months"]
Origin = Literal["reported", "derived"]

COUNTED_TO = 250
"""Lineage counts are exact below this and stop here: it stands for as many or more. Rules cannot ask for more."""
COUNTED = frozenset({"upstream_count", "untraced_inputs", "downstream_count", "downstream_over_retention"})
"""The lineage facts that are such counts."""
NEVER_AGE = 99999
"""Age of what was never done, and days left of what does not end (vocabulary, convention `never`)."""


@dataclass(frozen=True)
class Age:
    """How an attribute is computed from instants and `now`; it is never stored (vocabulary, convention `ages`).

    since:   min(end, now) - start; without `end`, or while `end` is missing or ahead, now - start
    until:   start - now, negative once `start` has passed
    between: end - start; both are needed and `now` is not read

    `<x>_never: true` in place of the instant `<x>_at` gives 99999 and `<x>_none: true` gives 0. Whole units for
    `integer`, rounded down.
    """

    start: str
    end: str | None
    unit: AgeUnit
    counts: Literal["since", "until", "between"]
    integer: bool
    zero_once_ended: bool = False
    """0 as soon as `end` has passed ("0 once live")."""
    zero_if: str | None = None
    """A bool attribute that makes the age 0 while it is true ("0 once registered")."""

    @property
    def never(self) -> str:
        """Name of the companion fact that says that `start` never happened, or that the end does not come."""
        return companion(self.end if self.counts == "between" and self.end else self.start, "never")

    @property
    def none(self) -> str:
        """Name of the companion fact that says that there is no open item."""
        return companion(self.start, "none")

    @property
    def inputs(self) -> tuple[str, ...]:
        """Attributes that the age reads, in the order in which they decide."""
        named = (self.zero_if, self.start, self.end, self.never, self.none)
        return tuple(name for name in named if name is not None)


def companion(instant: str, suffix: Literal["never", "none"]) -> str:
    """Return the companion's name: `review_at` -> `review_never`."""
    return f"{instant.removesuffix('_at')}_{suffix}"


@dataclass(frozen=True)
class Attribute:
    """One fact of a kind. `source_note` is the vocabulary's `from`: what a derived one is computed from."""

    name: str
    type: AttributeType
    unit: str | None
    origin: Origin
    best_grade: str
    meaning: str
    age: Age | None = None
    source_note: str | None = None
    implied: bool = False
    """Not listed in the vocabulary: a companion of an instant, or the instant of an age that names none of its own."""
    declared: bool = False
    """Declared by the workspace, not shipped."""
    retired: bool = False
    """No longer taken from sources nor offered; what was said before is read on."""

    @property
    def is_country(self) -> bool:
        """Whether the values are ISO 3166 alpha-2 codes."""
        return self.unit == "ISO 3166"


@dataclass(frozen=True)
class Relation:
    """A named edge to another kind. `inverse` names the same edges seen from there; None: there is no other side."""

    name: str
    target: str
    inverse: str | None


@dataclass(frozen=True, eq=False)
class Kind:
    """A kind with the common attributes and relations merged in. Compared by identity: loaded once, then shared.

    `attributes` are the listed ones, which rules read. `implied` are accepted from sources beside them (companions and
    implied instants) and never listed.
    """

    name: str
    meaning: str
    origin: str
    lineage: bool
    attributes: Mapping[str, Attribute]
    relations: Mapping[str, Relation]
    replaces: tuple[str, ...] = ()
    implied: Mapping[str, Attribute] = field(default_factory=dict)
    declared: bool = False
    """Declared by the workspace, not shipped."""

    def attribute(self, name: str) -> Attribute | None:
        """Return the listed or implied attribute of that name, None when the kind has none."""
        return self.attributes.get(name) or self.implied.get(name)

    def takes(self, name: str) -> bool:
        """Tell whether sources may send an attribute of that name: one that is retired is known and no longer taken."""
        attribute = self.attribute(name)
        return attribute is not None and not attribute.retired

    @property
    def offered(self) -> Mapping[str, Attribute]:
        """Return the listed attributes that are not retired."""
        return {name: attribute for name, attribute in self.attributes.items() if not attribute.retired}


@dataclass(frozen=True, eq=False)
class Vocabulary:
    """All kinds, and the facts (`asset.lineage.<name>`) that lineage gives to the kinds marked `lineage: true`.

    `common` is a kind without a name: what every kind has. `edition` counts what a workspace has added (declared.py); 0
    is the vocabulary as shipped. Compared by identity, as its kinds are.
    """

    version: int
    kinds: Mapping[str, Kind]
    lineage_facts: Mapping[str, Attribute]
    common: Kind
    edition: int = 0
