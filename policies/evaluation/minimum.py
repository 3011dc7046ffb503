"""Whether a check has as many subjects as it needs (min_population): judged once, on the organisation.

Vocabulary, convention `min_population`: fewer subjects for which `when` is true than this number is itself a failure.
The verdict stands in the vector of one organisation, in the slot of the check, marked NUMBER: findings, tickets,
roll-ups, leaves and exports treat it as any other. It reads the roll-ups and never assets, so that its cost does not
grow with the estate, and every slice judges it anew in its own transaction, so that no change of the numbers is missed.

Where no organisation is reported nobody can carry the verdict: nothing is stored, and `not_carried` names these checks
for everything that shows the posture.

Known weakness: a subject that stays unknown while time alone makes its `when` true is counted by the daily run only.
"""

import uuid
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.db.models import Case, F, Q, Sum, Value, When

from lineage.inventory.models import Asset
from policies.checklists.checks import Check
from policies.checklists.queries import ready_checklists
from policies.evaluation.codes import CONCERNED, NOT_JUDGED, NUMBER, base
from policies.evaluation.counts import Counts
from policies.evaluation.models import VerdictCount
from policies.evaluation.outcome import Outcome
from policies.evaluation.subjects import ORGANISATION, needs_subjects
from policies.evaluation.vectors import Former
from policies.rules.facts import Fact
from policies.rules.verdicts import Code, Reason, Verdict

Numbers = Mapping[uuid.UUID, Mapping[str, list[Outcome]]]
"""Outcomes on the numbers of subjects, by organisation and checklist."""

Vectors = Mapping[str, Former]
"""The vectors of one asset, by checklist."""

_SURE = {Code.PASS, Code.FAIL, Code.MANUAL}  # `when` is true, or there would be no such verdict
_UNSURE = {Code.UNKNOWN, Code.ERROR}


@dataclass(frozen=True)
class SubjectCount:
    """How many subjects a check has, over the whole workspace."""

    family: str
    check: Check
    needed: int
    counted: int  # `when` is true
    undecided: int  # whether `when` is true is not known

    @property
    def code(self) -> Code:
        """Pass where there are enough, unknown where there may be, else fail."""
        if self.counted >= self.needed:
            return Code.PASS
        return Code.UNKNOWN if self.counted + self.undecided >= self.needed else Code.FAIL

    @property
    def outcome(self) -> Outcome:
        """The organisation's verdict, with the counts as the facts read."""
        counts = {"needed": self.needed, "counted": self.counted, "undecided": self.undecided}
        facts = tuple(Fact(f"subjects.{name}", (), None, value) for name, value in counts.items())
        verdict = Verdict(self.code, Reason.POPULATION, facts)
        return Outcome(self.check, int(self.code) | NUMBER, "", verdict, None, 0, None)


def subject_counts(moves: Counts | None = None, organisations: Iterable[Vectors] = ()) -> list[SubjectCount]:
    """Return the counts of all checks with min_population; `moves` are those of a slice that are not written yet.

    `organisations` are their vectors before the slice judges them, last of all: a verdict of an earlier version, in
    which the check judged organisations, is in the roll-ups until then and is of no subject.
    """
    needing = {
        check.id: (family, check) for family, each in ready_checklists().items() for check in needs_subjects(each)
    }
    found: dict[str, Counter[int]] = defaultdict(Counter)
    cells = VerdictCount.objects.filter(
        checklist__in={family for family, _ in needing.values()}, check_id__in=list(needing), count__gt=0
    )
    for check_id, byte, count in cells.values_list("check_id", "code").annotate(n=Sum("count")):
        found[check_id][byte] += count
    if moves is not None:
        for check_id in needing:
            found[check_id].update(moves.moved(check_id))
    for family, check in needing.values():
        for vectors in organisations:
            byte = _standing(vectors.get(family), check.slot)
            if not byte & NUMBER:
                found[check.id][byte] -= 1
    return [_count(family, check, found[check.id]) for family, check in needing.values()]


def _count(family: str, check: Check, by_byte: Mapping[int, int]) -> SubjectCount:
    counted = undecided = 0
    for byte, count in by_byte.items():
        if byte & NUMBER:
            continue
        if base(byte) in _SURE or byte & CONCERNED:
            counted += count
        elif base(byte) in _UNSURE:
            undecided += count
    return SubjectCount(family, check, check.min_population or 0, counted, undecided)


def carrier() -> Asset | None:
    """Return the organisation that carries the verdicts on numbers, None where none is reported.

    It is the one above all others; of several that name no parent, the first by uid, whenever each was reported.
    """
    on_top = Q(organisation__isnull=True) | Q(organisation=F("id"))
    reported = Asset.objects.filter(kind=ORGANISATION, state=Asset.State.REPORTED)
    return reported.order_by(Case(When(on_top, then=Value(0)), default=Value(1)), "uid").first()


def number_outcomes(moves: Counts, former: Mapping[uuid.UUID, Vectors]) -> Numbers:
    """Return what the organisations carry after a slice; `former` are the vectors of all organisations.

    The carrier has a verdict for each check; what else an organisation carried before is taken back.
    """
    numbers: dict[uuid.UUID, dict[str, list[Outcome]]] = defaultdict(lambda: defaultdict(list))
    chosen = carrier()
    if chosen is not None:
        for count in subject_counts(moves, former.values()):
            numbers[chosen.pk][count.family].append(count.outcome)
    for organisation, vectors in former.items():
        for family, vector in vectors.items():
            kept = {outcome.check.id for outcome in numbers[organisation][family]}
            checks = ready_checklists()[family].checklist.checks if family in ready_checklists() else ()
            carried = [
                check for check in checks if check.subject != ORGANISATION and vector.at(check.slot)[0] & NUMBER
            ]  # a check that judges organisations now gives its slot its own verdict
            numbers[organisation][family] += [_taken_back(check) for check in carried if check.id not in kept]
    return numbers


def _taken_back(check: Check) -> Outcome:
    """Return "not judged"; the byte says it, since the rules have no code for it."""
    return Outcome(check, NOT_JUDGED, "", Verdict(Code.NOT_APPLICABLE, Reason.POPULATION), None, 0, None)


def moved_numbers(numbers: Numbers, former: Mapping[uuid.UUID, Vectors]) -> set[uuid.UUID]:
    """Return the organisations for which an outcome is another than the one that stands."""
    return {
        organisation
        for organisation, by_family in numbers.items()
        for family, outcomes in by_family.items()
        for outcome in outcomes
        if outcome.byte != _standing(former.get(organisation, {}).get(family), outcome.check.slot)
    }


def _standing(former: Former | None, slot: int) -> int:
    return former.at(slot)[0] if former is not None else NOT_JUDGED


def not_carried() -> list[SubjectCount]:
    """Return the checks with too few subjects, or perhaps too few, that no reported organisation could carry."""
    if carrier() is not None:
        return []
    return [count for count in subject_counts() if count.code is not Code.PASS]
