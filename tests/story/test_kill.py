"""A worker that is killed in the middle, and a broker that forgets everything, lose nothing and double nothing."""

import uuid
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import redis
from django.conf import settings
from django.db.models import Q, Sum
from django.utils import timezone

from accounts.journal.models import Statement
from accounts.workspaces.isolation import in_workspace
from accounts.workspaces.models import DeadLetter, Work
from accounts.workspaces.queue import drive
from audit.evidence.models import LedgerEntry
from audit.findings.models import Finding
from audit.tickets.models import Ticket
from lineage.events.models import Event
from lineage.graph.models import Run
from lineage.inventory.models import Asset
from policies.evaluation.models import Transition, VerdictCount, VerdictVector
from tests.support.cast import Cast
from tests.support.worker import eventually, kill, start_worker

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

EVENTS, BATCH, DATASETS = 1000, 50, 100


def test_killing_the_worker_and_flushing_the_broker_loses_nothing_and_doubles_nothing(
    cast: Cast, tmp_path: Path
) -> None:
    for start in range(0, EVENTS, BATCH):
        body = [event(number) for number in range(start, start + BATCH)]
        answer = cast.api["pipeline"].post("/api/v1/lineage/batch", body, format="json")
        assert answer.json()["summary"]["successful"] == BATCH, answer.content

    worker = start_worker(tmp_path / "worker.log")
    eventually(lambda: finished_assets(cast) > 0, what="the first results")
    kill(worker)
    assert waiting() > 0, "the worker was killed after the work, not in the middle of it"
    redis.Redis.from_url(settings.REDIS_URL.replace("redis+socket://", "unix://")).flushall()

    worker = start_worker(tmp_path / "worker.log")
    try:
        eventually(lambda: (drive() == 0 and not waiting()) or None, what="nothing waits", patience=180)
    finally:
        kill(worker)

    with in_workspace(cast.workspace.pk):
        assert Event.objects.count() == EVENTS
        assert Run.objects.count() == EVENTS // 2
        assert Asset.objects.filter(kind="dataset").count() == DATASETS
        assert DeadLetter.objects.count() == 0
        assert_each_verdict_is_the_last_transition()
        assert_counts_equal_vectors()
        assert LedgerEntry.objects.count() == Statement.objects.count()
        assert Ticket.objects.count() == Finding.objects.count()


def event(number: int) -> dict[str, Any]:
    """Return one of two events of a run: START, then COMPLETE with a dataset of the estate."""
    run, complete = divmod(number, 2)
    return {
        "eventType": "COMPLETE" if complete else "START",
        "eventTime": f"2026-11-01T06:{run // 60 % 60:02}:{run % 60:02}Z",
        "producer": "https://example.org/etl",
        "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent",
        "run": {"runId": str(uuid.UUID(int=run))},
        "job": {"namespace": "etl", "name": f"job-{run % 20}"},
        "inputs": [],
        "outputs": [{"namespace": "s3://lake", "name": f"table-{run % DATASETS}"}] if complete else [],
    }


def finished_assets(cast: Cast) -> int:
    with in_workspace(cast.workspace.pk):
        return Asset.objects.count()


def waiting() -> int:
    """Return the work that is due; what is due later waits for time and not for a worker."""
    return Work.objects.filter(Q(due_at__lte=timezone.now()) | Q(attempts__gt=0)).count()


def assert_each_verdict_is_the_last_transition() -> None:
    last: dict[tuple[uuid.UUID, str, int], int] = {}
    for row in Transition.objects.order_by("rev", "id"):
        key = (row.asset_id, row.checklist, row.slot)
        assert row.old == last.get(key, 0), "each change starts where the former one ended"
        last[key] = row.new
    now = {
        (vector.asset_id, vector.checklist, slot): byte
        for vector in VerdictVector.objects.all()
        for slot, byte in enumerate(bytes(vector.codes))
        if byte
    }
    assert now
    assert {key: byte for key, byte in last.items() if byte} == now


def assert_counts_equal_vectors() -> None:
    counted = dict(VerdictCount.objects.values_list("code").annotate(n=Sum("count")).filter(n__gt=0))
    bytes_now = Counter(byte for vector in VerdictVector.objects.all() for byte in bytes(vector.codes) if byte)
    assert counted == dict(bytes_now)
