"""Lineage facts as stored: traced anew after each change, they are what tracing everything from nothing gives."""

import datetime
import json
import random
import uuid
from typing import Any

import pytest
from django.utils import timezone

from accounts.members.manage import create_workspace
from accounts.workspaces.ids import new_id
from accounts.workspaces.isolation import in_workspace
from accounts.workspaces.models import Work
from accounts.workspaces.queue import Stage
from accounts.workspaces.revisions import current_revision, next_revision
from lineage.graph.labels import region
from lineage.graph.labels.models import Traced, TraceDue
from lineage.graph.labels.retrace import trace_all
from lineage.graph.project import project
from lineage.inventory.models import Asset, Source
from lineage.inventory.receive import prepare, record
from tests.support.flow import asset, lineage_facts, queued, send_and_project
from tests.support.openlineage import dataset, facet, new_run, run_event

pytestmark = pytest.mark.django_db
NAMES = "abcdefgh"


def uid(name: str) -> str:
    return f"postgres%3A%2F%2Fdb%3A5432/{name}"


def workspace() -> uuid.UUID:
    return create_workspace(f"w-{new_id()}", "", actor="command").pk


def tell(where: uuid.UUID, *lines: dict[str, Any]) -> None:
    """Send native inventory lines and project them."""
    body = "\n".join(json.dumps({"kind": "dataset", "origin": "measured"} | line) for line in lines).encode()
    with in_workspace(where):
        record(prepare(body, source="catalogue", format_name="native", mode="delta"), "test")
    project(where)


def facts(where: uuid.UUID, name: str, kind: str = "dataset", basis: str = "proven") -> dict[str, Any] | None:
    """Return the lineage facts of an asset, None where it has none on that basis."""
    identifier = asset(where, kind, name).pk
    with in_workspace(where):
        return dict(lineage_facts().get(identifier, [])).get(basis)


def copy(source: str, target: str, job: str = "", **facets: Any) -> dict[str, Any]:
    return run_event(
        run=new_run(), job=job or f"{source}-{target}", inputs=[dataset(source)], outputs=[dataset(target, **facets)]
    )


def some_event(choice: random.Random, minute: int) -> dict[str, Any]:
    """Return a run that reads and writes some datasets, with what facets say at times."""
    at = f"2026-11-01T08:{minute:02}:00Z"
    run_facets = {"extractionError": facet(totalTasks=1, failedTasks=1, errors=[])} if choice.random() < 0.1 else {}
    target = choice.choice(NAMES)
    outputs = [dataset(target)]
    if choice.random() < 0.3:
        steps = [{"type": choice.choice(["DIRECT", "INDIRECT"]), "masking": choice.random() < 0.5}]
        named = {
            "namespace": "postgres://db:5432",
            "name": choice.choice(NAMES),
            "field": "x",
            "transformations": steps,
        }
        outputs = [dataset(target, columnLineage=facet(fields={"y": {"inputFields": [named]}}))]
    inputs = [dataset(name) for name in choice.sample(NAMES, choice.randint(0, 2))]
    return run_event(
        "COMPLETE", at, run=f"00000000-0000-0000-0000-0000000000{choice.randint(10, 30)}",
        job=choice.choice("jkl"), inputs=inputs, outputs=outputs, run_facets=run_facets,
    )  # fmt: skip


def some_line(choice: random.Random) -> dict[str, Any]:
    """Return what an inventory says of a dataset, a model or a system."""
    kind = choice.choice(["dataset"] * 4 + ["model", "ai_system"])
    if kind == "model":
        learned = [{"kind": "dataset", "uid": uid(name)} for name in choice.sample(NAMES, choice.randint(0, 2))]
        places = {"storage_countries": ["DE"], "serving_countries": choice.choice([["DE"], ["US"]])}
        return {"kind": kind, "uid": "m", "attributes": places, "relations": {"training_data": learned}}
    if kind == "ai_system":
        uses = [{"kind": "model", "uid": "m"}] if choice.random() < 0.7 else []
        return {"kind": kind, "uid": "s", "attributes": {"risk_tier": choice.choice(["high", "minimal"])},
                "relations": {"uses_model": uses}}  # fmt: skip
    said: dict[str, Any] = {
        "classification": choice.choice(["internal", "personal"]),
        "environment": choice.choice(["prod", "dev"]),
        "is_origin": choice.random() < 0.6,
        "retention_days": 30,
        "oldest_record_at": choice.choice(["2026-11-20T00:00:00Z", "2020-01-01T00:00:00Z"]),
    }
    if choice.random() < 0.5:
        said |= {"residency_limited": False} if choice.random() < 0.5 else {"allowed_countries": ["DE"]}
    return {"uid": uid(choice.choice(NAMES)), "attributes": said}


@pytest.mark.parametrize("seed", range(8))
def test_traced_step_by_step_equals_traced_from_nothing(seed: int) -> None:
    choice, where = random.Random(seed), workspace()
    for minute in range(12):
        if choice.random() < 0.6:
            send_and_project(where, [some_event(choice, minute) for _ in range(choice.randint(1, 3))])
        else:
            tell(where, *[some_line(choice) for _ in range(choice.randint(1, 2))])
    with in_workspace(where):
        step_by_step = lineage_facts()
        assert trace_all(next_revision("test"), timezone.now()) == set()
        Traced.objects.all().delete()
        trace_all(next_revision("test"), timezone.now())
        assert lineage_facts() == step_by_step
        assert len(step_by_step) > 3


def test_a_region_beyond_the_limit_is_traced_as_a_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    where = workspace()
    send_and_project(where, [copy("a", "b")])
    monkeypatch.setattr(region, "MAX_REGION", 0)
    send_and_project(where, [copy("b", "c")])
    assert (facts(where, "c") or {})["upstream_count"] == 2


def test_a_label_travels_along_flows_and_goes_when_it_is_taken_back() -> None:
    where = workspace()
    send_and_project(where, [copy("a", "b"), copy("b", "c")])
    tell(where, {"uid": uid("a"), "attributes": {"classification": "personal", "is_origin": True}})
    assert (facts(where, "c") or {})["upstream_classes"] == ["personal"]
    assert (facts(where, "c") or {})["upstream_max_class_rank"] == 4
    assert (facts(where, "a") or {})["upstream_count"] == 0
    tell(where, {"uid": uid("a"), "attributes": {"classification": "internal"}})
    assert (facts(where, "c") or {})["upstream_classes"] == ["internal"]


def test_a_dataset_that_no_event_named_has_no_lineage_facts() -> None:
    where = workspace()
    tell(where, {"uid": uid("a"), "name": "a", "attributes": {"is_origin": True}})
    assert facts(where, "a") is None
    send_and_project(where, [run_event(inputs=[dataset("a")])])
    assert (facts(where, "a") or {})["downstream_count"] == 0
    assert (facts(where, "daily", "job") or {})["upstream_count"] == 1


def fed_by(kind: str, name: str, end: str, keys: list[str] | None, day: int) -> dict[str, Any]:
    ends = None if keys is None else [{"kind": end, "uid": key} for key in keys]
    at = f"2026-11-{day:02}T08:00:00Z"
    return {"kind": kind, "uid": "scorer", "attributes": {}, "relations": {name: ends}, "observed_at": at}


@pytest.mark.parametrize(
    ("kind", "name", "end"),
    [("model", "training_data", "dataset"), ("ai_system", "uses_model", "model"), ("ai_system", "reads", "dataset")],
)
def test_that_nothing_feeds_it_is_known_and_may_be_taken_back(kind: str, name: str, end: str) -> None:
    ours = workspace()

    def complete(day: int, keys: list[str] | None) -> bool | None:
        tell(ours, fed_by(kind, name, end, keys, day))
        found = facts(ours, "scorer", kind)
        return None if found is None else found["complete"]

    assert complete(1, []) is True
    assert complete(2, None) is None
    assert complete(3, [uid("a")]) is False  # of which nobody knows what feeds it
    assert complete(4, []) is True


def test_a_job_is_told_by_what_it_reads_and_what_it_writes() -> None:
    where = workspace()
    columns = facet(fields={"y": {"inputFields": [{"namespace": "postgres://db:5432", "name": "b", "field": "x"}]}})
    event = run_event(inputs=[dataset("a"), dataset("b")], outputs=[dataset("c", columnLineage=columns)])
    send_and_project(where, [event, copy("c", "d")])
    job = facts(where, "daily", "job") or {}
    assert (job["upstream_count"], job["downstream_count"]) == (2, 2)
    assert (facts(where, "c") or {})["upstream_count"] == 1  # what only may flow is not proven
    assert (facts(where, "c", basis="possible") or {})["upstream_count"] == 2


@pytest.mark.parametrize("error", [True, False])
def test_an_admitted_gap_makes_all_below_it_incomplete_until_a_run_without_it(error: bool) -> None:
    where = workspace()
    origin = {"is_origin": True, "classification": "internal", "storage_countries": ["DE"]}
    send_and_project(where, [copy("a", "b", "x"), copy("b", "c")])
    tell(where, *({"uid": uid(name), "attributes": origin} for name in "abc"),
         {"kind": "storage", "uid": "db", "attributes": {"country": "DE", "replica_countries": [],
                                                         "lineage_namespaces": ["postgres://db:5432"]}})  # fmt: skip
    assert (facts(where, "c") or {})["complete"] is True
    admitted = {"extractionError": facet(totalTasks=1, failedTasks=1, errors=[])} if error else {}
    bad = run_event("COMPLETE", "2026-11-01T09:00:00Z", run=new_run(), job="x",
                    inputs=[dataset("a")] if error else [], outputs=[dataset("b")], run_facets=admitted)  # fmt: skip
    send_and_project(where, [bad])
    assert [(facts(where, name) or {})["complete"] for name in "abc"] == [True, False, False]
    send_and_project(where, [copy("a", "b", "x") | {"eventTime": "2026-11-01T10:00:00Z"}])
    assert (facts(where, "c") or {})["complete"] is True


def test_the_same_again_writes_nothing_and_is_not_traced() -> None:
    where = workspace()
    send_and_project(where, [copy("a", "b")])
    with in_workspace(where):
        before, revision = list(Traced.objects.values_list("id", "rev_to")), current_revision()
    send_and_project(where, [copy("a", "b", "a-b")])
    with in_workspace(where):
        assert list(Traced.objects.values_list("id", "rev_to")) == before
        assert current_revision() == revision + 1  # the projection alone
        assert not TraceDue.objects.exists()


def test_what_was_known_at_a_revision_stays_and_what_changed_is_evaluated() -> None:
    where = workspace()
    send_and_project(where, [copy("a", "b"), copy("b", "c")])
    with in_workspace(where):
        then = current_revision()
        Work.objects.filter(workspace_id=where, stage=Stage.EVALUATE).delete()
    tell(where, {"uid": uid("a"), "attributes": {"classification": "personal"}})
    assert {asset(where, "dataset", name).pk for name in "abc"} <= queued(where, Stage.EVALUATE)
    with in_workspace(where):
        rows = Traced.objects.filter(asset=asset(where, "dataset", "c").pk, basis="proven")
        assert sorted((row.rev_from <= then, row.rev_to is None) for row in rows) == [(False, True), (True, False)]


def test_records_grow_over_retention_by_time_alone() -> None:
    where = workspace()
    send_and_project(where, [copy("a", "b")])
    now = timezone.now()
    oldest = (now - datetime.timedelta(days=30, hours=20)).strftime("%Y-%m-%dT%H:%M:%SZ")
    tell(where, {"uid": uid("b"), "attributes": {"retention_days": 30, "oldest_record_at": oldest}})
    assert (facts(where, "a") or {})["downstream_over_retention"] == 0
    with in_workspace(where):
        (due,) = TraceDue.objects.all()
        assert now + datetime.timedelta(hours=3) < due.due_at < now + datetime.timedelta(hours=5)
        waiting = Work.objects.filter(workspace_id=where, stage=Stage.PROJECT, subject=where)
        assert waiting.get().due_at == due.due_at
        # As if five hours had gone by: the record is older, and the work is due. Nobody says anything.
        row = asset(where, "dataset", "b")
        earlier = (now - datetime.timedelta(days=31, hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
        Asset.objects.filter(pk=row.pk).update(document=row.document | {"oldest_record_at": earlier})
        TraceDue.objects.update(due_at=now)
        waiting.update(due_at=now)
    project(where)
    assert (facts(where, "a") or {})["downstream_over_retention"] == 1


def test_a_producer_that_falls_silent_makes_lineage_incomplete_until_it_speaks() -> None:
    where = workspace()
    send_and_project(where, [copy("a", "b", "x"), copy("b", "c")])
    tell(where, *({"uid": uid(name), "attributes": {"is_origin": True, "classification": "internal"}} for name in "ab"),
         {"kind": "storage", "uid": "db", "attributes": {"country": "DE", "replica_countries": [],
                                                         "lineage_namespaces": ["postgres://db:5432"]}})  # fmt: skip
    assert (facts(where, "b") or {})["complete"] is True
    with in_workspace(where):
        long_ago = timezone.now() - datetime.timedelta(days=9)
        Source.objects.filter(name="airflow").update(expected_every_hours=24, last_seen_at=long_ago)
    tell(where, {"uid": uid("z"), "attributes": {"environment": "dev"}})
    assert (facts(where, "b") or {})["complete"] is False
    with in_workspace(where):
        Source.objects.filter(name="airflow").update(last_seen_at=timezone.now())
    tell(where, {"uid": uid("z"), "attributes": {"environment": "prod"}})
    assert (facts(where, "b") or {})["complete"] is True
