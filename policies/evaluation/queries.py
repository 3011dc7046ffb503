"""Read verdicts: posture from the exact roll-ups, lists from the vectors, changes from the transition log."""

import datetime
import json
import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import F, Func, IntegerField, QuerySet, Sum

from accounts.paging import Page, page_of
from lineage.inventory.models import Asset
from policies.checklists.models import Check, ChecklistVersion
from policies.checklists.queries import family_of, ready_checklists
from policies.evaluation.codes import CODE_MASK, GRADES, NUMBER, STALE, WAIVED, counts_as_pass, is_bare, word
from policies.evaluation.models import JudgedLeaf, Transition, VerdictCount, VerdictVector
from policies.rules.verdicts import Code

VERDICTS = [code.name.lower() for code in Code]


@dataclass
class Tally:
    """Subjects of one check or family by verdict; what is waived or stale is counted there and not as a pass."""

    verdicts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(VERDICTS, 0))
    bare: dict[str, int] = field(default_factory=lambda: dict.fromkeys(VERDICTS, 0))  # those without an overlay
    grades: dict[str, int] = field(default_factory=lambda: dict.fromkeys(GRADES[1:], 0))  # of the passes
    decided: dict[str, int] = field(default_factory=lambda: dict.fromkeys(GRADES[1:], 0))  # of passes and fails
    passed: int = 0
    stale: int = 0
    waived: int = 0
    numbers: int = 0  # of the verdicts, those on how many subjects there are (minimum.py)

    def add(self, byte: int, grade: str, count: int) -> None:
        """Count subjects in."""
        self.verdicts[word(byte)] += count
        self.stale += count if byte & STALE else 0
        self.waived += count if byte & WAIVED else 0
        self.numbers += count if byte & NUMBER else 0
        if is_bare(byte):
            self.bare[word(byte)] += count
        if grade:
            self.decided[grade] += count
        if counts_as_pass(byte):
            self.passed += count
            if grade:
                self.grades[grade] += count

    @property
    def population(self) -> int:
        """Subjects that were judged, whatever came out."""
        return sum(self.verdicts.values()) - self.numbers

    @property
    def concerned(self) -> int:
        """Subjects that the check concerns, as far as is known; 0 is an empty population and never a pass."""
        return self.population - self.verdicts["not_applicable"]

    @property
    def applicable(self) -> int:
        """Verdicts that apply, as far as is known: all but not_applicable; that on their number included."""
        return sum(self.verdicts.values()) - self.verdicts["not_applicable"]

    @property
    def known(self) -> int:
        """Subjects with a decided verdict that is not stale."""
        return self.verdicts["pass"] + self.verdicts["fail"] - self.stale

    @property
    def pass_rate(self) -> float | None:
        """Passed over applicable (missing data is never a pass); None for an empty population."""
        return self.passed / self.applicable if self.applicable else None

    @property
    def known_rate(self) -> float | None:
        """Known over applicable; None for an empty population."""
        return self.known / self.applicable if self.applicable else None

    @property
    def weakest_grade(self) -> str:
        """The weakest grade among the passes; '' without a pass."""
        return max((grade for grade, count in self.grades.items() if count), default="")


@dataclass(frozen=True)
class FamilyPosture:
    """One family with its roll-up and those of its checks."""

    family: str
    title: str
    total: Tally
    checks: Mapping[str, Tally]


def posture(entities: Sequence[uuid.UUID] | None = None) -> list[FamilyPosture]:
    """Return the posture of every active checklist, in one query each for titles and counts; `entities` narrows it."""
    totals: dict[str, Tally] = defaultdict(Tally)
    by_check: dict[str, dict[str, Tally]] = defaultdict(lambda: defaultdict(Tally))
    counts = VerdictCount.objects.filter(count__gt=0)
    if entities is not None:
        counts = counts.filter(entity__in=entities)
    rows = counts.values_list("checklist", "check_id", "code", "grade").annotate(n=Sum("count"))
    for family, check_id, byte, grade, count in rows:
        totals[family].add(byte, grade, count)
        by_check[family][check_id].add(byte, grade, count)
    versions = ChecklistVersion.objects.filter(active=True).order_by("checklist")
    return [
        FamilyPosture(version.checklist, version.title, totals[version.checklist], dict(by_check[version.checklist]))
        for version in versions
    ]


class _Byte(Func):
    """Byte `slot` of a vector, as a number."""

    function = "get_byte"
    output_field = IntegerField()


def current_verdicts(
    *,
    check: str = "",
    family: str = "",
    verdict: str = "",
    kind: str = "",
    asset: uuid.UUID | None = None,
    stale: bool | None = None,
    overlay: str = "",
) -> QuerySet[Any]:
    """Return current verdicts, one row per asset and check: check_id, slot, byte, code and grade_byte are annotated.

    `overlay` is "waived", "stale", or "none" for those that have neither.
    """
    rows: QuerySet[Any] = VerdictVector.objects.annotate(
        check_id=F("version__checks__check_id"),
        slot=F("version__checks__slot"),
        severity=F("version__checks__severity"),
        byte=_Byte("codes", "version__checks__slot"),
        grade_byte=_Byte("grades", "version__checks__slot"),
    )
    rows = rows.annotate(code=F("byte").bitand(CODE_MASK)).filter(byte__gt=0)
    if check:
        rows = rows.filter(**_of(check))
    if family:
        rows = rows.filter(checklist=family)
    if verdict:
        rows = rows.filter(code=Code[verdict.upper()])
    if kind:
        rows = rows.filter(asset__kind=kind)
    if asset is not None:
        rows = rows.filter(asset=asset)
    if stale is not None:
        rows = rows.filter(byte__gte=STALE) if stale else rows.filter(byte__lt=STALE)
    if overlay == "none":
        rows = rows.filter(byte__lt=WAIVED)
    elif overlay:
        bit = {"waived": WAIVED, "stale": STALE}[overlay]
        rows = rows.annotate(laid=F("byte").bitand(bit)).filter(laid__gt=0)
    return rows.select_related("asset")


def verdict_page(after: str | None, limit: int, **filters: Any) -> Page[dict[str, object]]:
    """Return one page of current verdicts as plain rows, by asset and check."""
    rows = current_verdicts(**filters)
    if filters.get("verdict") or filters.get("overlay"):
        rows = _where_counted(rows, filters.get("verdict", ""), filters.get("overlay", ""))
    return page_of(rows, ["asset_id", "check_id"], after, limit, scope="verdicts").map(verdict_row)


def _where_counted(rows: QuerySet[Any], verdict: str, overlay: str) -> QuerySet[Any]:
    """Look only where the roll-ups count such verdicts: the rarer they are, the less has to be read to find them."""
    cells = VerdictCount.objects.filter(count__gt=0).values_list("checklist", "check_id", "code").distinct()
    found = [(family, check) for family, check, byte in cells if matches(byte, verdict, overlay)]
    return rows.filter(checklist__in={family for family, _ in found}, check_id__in={check for _, check in found})


def matches(byte: int, verdict: str, overlay: str) -> bool:
    """Tell whether a verdict is of this kind and has this overlay ("none": neither; '' = any)."""
    laid = {"": True, "none": is_bare(byte), "waived": bool(byte & WAIVED), "stale": bool(byte & STALE)}
    return laid[overlay] and (not verdict or word(byte) == verdict)


def verdict_row(row: Any) -> dict[str, object]:
    """Return a current verdict as a plain row."""
    slot = row.slot
    flips = bool(row.flip_at[slot])
    return {
        "asset": row.asset_id,
        "kind": row.asset.kind,
        "uid": row.asset.uid,
        "name": row.asset.name,
        "check": row.check_id,
        "severity": row.severity,
        "verdict": word(row.byte),
        "stale": bool(row.byte & STALE),
        "waived": bool(row.byte & WAIVED),
        "grade": GRADES[row.grade_byte],
        "judged_at": row.judged_at,
        "flip_at": row.flip_at[slot],
        "flip_to": word(bytes(row.flip_to)[slot]) if flips else None,
        "stale_at": row.stale_at[slot],
        "version": row.version_id,
    }


@dataclass(frozen=True)
class WillFail:
    """A verdict that time alone will turn to fail."""

    asset: Asset
    check_id: str
    at: datetime.datetime
    verdict: str  # what it is now


def will_fail(until: datetime.datetime, limit: int = 10, entity: uuid.UUID | None = None) -> list[WillFail]:
    """Return the verdicts (of one entity) that fail by `until` without anything else happening, earliest first."""
    rows = VerdictVector.objects.filter(fails_at__lte=until).select_related("asset")
    rows = rows if entity is None else rows.filter(entity=entity)
    vectors = list(rows.order_by("fails_at", "id")[:limit])
    names = slot_names({vector.version_id for vector in vectors})
    found = [
        WillFail(vector.asset, names[vector.version_id, slot], at, word(bytes(vector.codes)[slot]))
        for vector in vectors
        for slot, at in enumerate(vector.flip_at)
        if at is not None and at <= until and bytes(vector.flip_to)[slot] == Code.FAIL
    ]
    return sorted(found, key=lambda each: (each.at, each.check_id))[:limit]


def slot_names(versions: Iterable[uuid.UUID]) -> dict[tuple[uuid.UUID, int], str]:
    """Return the check behind each slot of these versions."""
    rows = Check.objects.filter(version__in=list(versions)).values_list("version_id", "slot", "check_id")
    return {(version, slot): check for version, slot, check in rows}


def checks_by_slot(family: str) -> dict[int, str]:
    """Return the check behind each slot that any version of a checklist gave away: no slot ever changes hands."""
    return dict(Check.objects.filter(checklist=family).values_list("slot", "check_id").distinct())


def transitions(*, asset: uuid.UUID | None = None, check: str = "") -> QuerySet[Transition]:
    """Return verdict changes, newest first."""
    rows = Transition.objects.select_related("asset").order_by("-id")
    if asset is not None:
        rows = rows.filter(asset=asset)
    return rows.filter(**_of(check)) if check else rows


def _of(check: str) -> dict[str, str]:
    """Return the filter for a check: by its checklist as well, because that is what the indexes know."""
    family = family_of(check)
    return {"check_id": check} | ({"checklist": family} if family else {})


def change_in_leaf(transition: Transition) -> dict[str, Any]:
    """Return what the sealed leaf says of this change: facts read, missing paths, times; {} where it says nothing."""
    leaf = JudgedLeaf.objects.filter(statement=transition.statement, leaf_index=transition.leaf_index).first()
    if leaf is None:
        return {}
    changes = json.loads(bytes(leaf.leaf))["changes"]
    return next((change for change in changes if change["check"] == transition.check_id), {})


def waiting_checks() -> dict[str, list[str]]:
    """Return the shipped checks that are not judged yet, with the derived facts that nothing computes so far."""
    return {
        name: facts for each in ready_checklists().values() for name, facts in sorted(each.waiting.items()) if facts
    }
