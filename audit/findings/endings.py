"""What ended a finding: the source and the event behind its last change, where these are known."""

import datetime
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Q

from accounts.workspaces.models import Revision
from audit.findings.models import Finding
from lineage.inventory.models import FactSet, ImportResult


@dataclass(frozen=True)
class Ending:
    """Who said what ended it; '' and None where nobody in particular did, or it can no longer be told."""

    source: str = ""
    event: uuid.UUID | None = None
    at: datetime.datetime | None = None  # when that was taken over


def ending_of(finding: Finding, said: Mapping[str, Any]) -> Ending:
    """Return what ended a resolved finding; `said` is what the sealed leaf says of its last change."""
    if finding.resolution == Finding.Resolution.RETIRED:
        return _withdrawal(finding)
    return _newest_fact(said)


def _withdrawal(finding: Finding) -> Ending:
    """Return which source was the last to stop naming the asset; nothing while any still named it then."""
    told = FactSet.objects.filter(asset=finding.asset_id, rev_from__lte=finding.rev)
    if told.filter(Q(rev_to__isnull=True) | Q(rev_to__gt=finding.rev)).exists():
        return Ending()
    last = told.select_related("source").order_by("-rev_to").first()
    if last is None or last.rev_to is None:
        return Ending()
    revision = Revision.objects.get(number=last.rev_to)
    batches = ImportResult.objects.filter(source=last.source_id, retired__gt=0, finished_at__gte=revision.at)
    batch = batches.order_by("finished_at").first()
    return Ending(last.source.name, batch.event if batch else None, revision.at)


def _newest_fact(said: Mapping[str, Any]) -> Ending:
    """Return who said the newest of the facts that the verdict read."""
    keys = [key for fact in said.get("facts", []) for key in fact.get("keys", []) if key.get("event")]
    newest = max(keys, key=lambda key: key.get("at") or "", default=None)
    return Ending(newest.get("source", ""), uuid.UUID(newest["event"])) if newest else Ending()
