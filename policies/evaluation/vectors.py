"""Read and write verdict vectors: per asset and checklist one row of bytes by slot."""

import datetime
import uuid
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import QuerySet

from accounts.workspaces.ids import new_id
from accounts.workspaces.isolation import current_workspace
from lineage.inventory.models import Asset
from policies.checklists.models import ChecklistVersion
from policies.evaluation.codes import GRADES
from policies.evaluation.models import VerdictVector
from policies.evaluation.outcome import Outcome
from policies.evaluation.population import bucket_of
from policies.evaluation.subjects import Judged
from policies.rules.verdicts import Code


@dataclass(frozen=True)
class Former:
    """What a vector held before; bytes beyond its end (checks that are newer than it) were never judged."""

    codes: bytes
    grades: bytes
    entity: uuid.UUID | None

    @classmethod
    def empty(cls, width: int, entity: uuid.UUID | None) -> "Former":
        """Return the vector of an asset that was never judged."""
        return cls(bytes(width), bytes(width), entity)

    def at(self, slot: int) -> tuple[int, str]:
        """Return (byte, grade) of a slot."""
        if slot >= len(self.codes):
            return 0, ""
        return self.codes[slot], GRADES[self.grades[slot]]


def read_former(assets: Sequence[uuid.UUID]) -> dict[uuid.UUID, dict[str, Former]]:
    """Return the present vectors of these assets by checklist."""
    return _formers(VerdictVector.objects.filter(asset__in=assets))


def former_of_kind(kind: str) -> dict[uuid.UUID, dict[str, Former]]:
    """Return the present vectors of all assets of a kind that has few."""
    return _formers(VerdictVector.objects.filter(asset__kind=kind))


def _formers(vectors: QuerySet[VerdictVector]) -> dict[uuid.UUID, dict[str, Former]]:
    found: dict[uuid.UUID, dict[str, Former]] = defaultdict(dict)
    rows = vectors.values_list("asset_id", "checklist", "codes", "grades", "entity")
    for asset, checklist, codes, grades, entity in rows:
        found[asset][checklist] = Former(bytes(codes), bytes(grades), entity)
    return found


def vector_of(
    asset: Asset, judged: Judged, outcomes: Sequence[Outcome], version: ChecklistVersion, now: datetime.datetime
) -> VerdictVector:
    """Return the new vector; slots of other kinds and of checks that wait for facts stay 0."""
    codes, grades, flip_to = bytearray(judged.width), bytearray(judged.width), bytearray(judged.width)
    flip_at: list[datetime.datetime | None] = [None] * judged.width
    stale_at: list[datetime.datetime | None] = [None] * judged.width
    for outcome in outcomes:
        slot = outcome.check.slot
        codes[slot], grades[slot], flip_to[slot] = outcome.byte, GRADES.index(outcome.grade), outcome.flip_to
        flip_at[slot], stale_at[slot] = outcome.flip_at, outcome.stale_at
    return VerdictVector(
        id=new_id(),
        workspace_id=current_workspace(),
        asset=asset,
        checklist=judged.family,
        version=version,
        entity=asset.organisation_id,
        bucket=bucket_of(asset.pk),
        codes=bytes(codes),
        grades=bytes(grades),
        flip_at=flip_at,
        flip_to=bytes(flip_to),
        stale_at=stale_at,
        fails_at=min((o.flip_at for o in outcomes if o.flip_at and o.flip_to == Code.FAIL), default=None),
        judged_at=now,
        rev=0,
    )


def write_vectors(
    vectors: Sequence[VerdictVector], gone: Mapping[str, Collection[uuid.UUID]], revision: int | None
) -> None:
    """Upsert the vectors; delete those of `gone`, assets by checklist. `revision` None: no verdict changed."""
    fields = ["version", "entity", "codes", "grades", "flip_at", "flip_to", "stale_at", "fails_at", "judged_at"]
    if revision is not None:
        fields.append("rev")
        for vector in vectors:
            vector.rev = revision
    VerdictVector.objects.bulk_create(
        vectors,
        update_conflicts=True,
        unique_fields=["workspace", "asset", "checklist"],
        update_fields=fields,
        batch_size=1000,
    )
    for family, assets in gone.items():
        VerdictVector.objects.filter(checklist=family, asset__in=assets).delete()
