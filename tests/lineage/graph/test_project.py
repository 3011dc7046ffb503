"""What events become: runs, flows with their basis, relations and facts; and what happens to an event that fails."""

import datetime
import json
import uuid
from typing import Any

import pytest

from accounts.journal.canonical.merkle import leaf_hash, root
from accounts.journal.models import Statement
from accounts.members.models import Role
from accounts.members.rights import Principal
from accounts.workspaces.isolation import in_workspace
from accounts.workspaces.models import DeadLetter, Revision, Work
from accounts.workspaces.queue import Stage
from lineage.events.models import Event
from lineage.events.receive import receive_event
from lineage.events.record import store_events
from lineage.graph.models import Facet, Flow, Run
from lineage.graph.project import project, project_events
from lineage.inventory.models import Asset, Source
from tests.support.cast import Cast
from tests.support.flow import asset, flows, queued, relations, send, send_and_project
from tests.support.openlineage import RUN, dataset, dataset_event, facet, job_event, new_run, run_event

A, B, C, D = (dataset(name) for name in "abcd")


def column_facet(*sources: str, kind: str = "DIRECT", masking: bool = False) -> dict[str, Any]:
    step = {"type": kind, "masking": masking}
    fields = [
        {"namespace": "postgres://db:5432", "name": name, "field": "x", "transformations": [step]} for name in sources
    ]
    return facet(fields={"y": {"inputFields": fields}})


@pytest.fixture
def workspace(cast: Cast) -> uuid.UUID:
    return cast.workspace.pk


# ---- runs


def test_start_and_complete_give_a_job_its_run_and_its_datasets(workspace: uuid.UUID) -> None:
    start = run_event("START", "2026-11-01T08:00:00Z", inputs=[A])
    assert send_and_project(workspace, [start, run_event("COMPLETE", "2026-11-01T08:05:00Z", outputs=[B])]) == 2
    assert flows(workspace) == {("a", "b"): ("cartesian", True)}
    assert relations(workspace, "job", "daily") == {"reads": ["a"], "writes": ["b"], "runs": [RUN]}
    assert relations(workspace, "run", RUN) == {"of_job": ["daily"], "inputs": ["a"], "outputs": ["b"]}
    assert relations(workspace, "dataset", "b") == {"produced_by": ["daily"], "upstream": ["a"]}
    assert relations(workspace, "dataset", "a") == {"downstream": ["b"]}
    run = asset(workspace, "run", RUN).document
    assert (run["state"], run["started_at"]) == ("complete", "2026-11-01T08:00:00Z")
    written = asset(workspace, "dataset", "b")
    assert written.document["last_write_at"] == "2026-11-01T08:05:00Z"
    assert written.document["last_run_id"] == RUN
    assert written.document["producer_job"] == "airflow/daily"
    assert written.provenance["last_write_at"]["grade"] == "A"


def test_a_run_id_in_capitals_is_the_same_run(workspace: uuid.UUID) -> None:
    send_and_project(workspace, [run_event("START", run=RUN.upper()), run_event("FAIL", run=RUN)])
    with in_workspace(workspace):
        assert Run.objects.get().state == "failed"
        assert Asset.objects.get(kind="run").uid == RUN


def test_a_failed_run_writes_nothing_good(workspace: uuid.UUID) -> None:
    send_and_project(workspace, [run_event("FAIL", outputs=[B])])
    document = asset(workspace, "dataset", "b").document
    assert "last_write_at" not in document
    assert "last_run_id" not in document
    assert document["producer_job"] == "airflow/daily"


def test_a_late_failure_takes_the_good_write_back(workspace: uuid.UUID) -> None:
    good, later = new_run(), new_run()
    send_and_project(workspace, [run_event("COMPLETE", "2026-11-01T08:00:00Z", run=good, outputs=[B])])
    send_and_project(workspace, [run_event("COMPLETE", "2026-11-02T08:00:00Z", run=later, outputs=[B])])
    assert asset(workspace, "dataset", "b").document["last_run_id"] == later
    send_and_project(workspace, [run_event("FAIL", "2026-11-02T08:00:01Z", run=later)])
    assert asset(workspace, "dataset", "b").document["last_run_id"] == good


def test_an_event_without_datasets_erases_nothing(workspace: uuid.UUID) -> None:
    send_and_project(workspace, [run_event("START", inputs=[A], outputs=[B])])
    send_and_project(workspace, [run_event("COMPLETE", "2026-11-01T09:00:00Z")])
    assert flows(workspace) == {("a", "b"): ("cartesian", True)}
    assert asset(workspace, "dataset", "b").document["last_write_at"] == "2026-11-01T09:00:00Z"


def test_an_extraction_error_is_kept_with_the_run(workspace: uuid.UUID) -> None:
    send_and_project(workspace, [run_event(run_facets={"extractionError": facet(totalTasks=2, failedTasks=1)})])
    with in_workspace(workspace):
        assert Run.objects.get().extraction_error


def test_the_first_year_is_a_time_and_the_last_one_breaks_nothing(workspace: uuid.UUID) -> None:
    first, last = "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z"
    events = [run_event(at=at, run=new_run(), inputs=[A], outputs=[dataset(at[:4])]) for at in (first, last)]
    assert send_and_project(workspace, events) == 2
    assert asset(workspace, "dataset", "0001").document["last_write_at"] == first
    assert asset(workspace, "dataset", "9999").document["last_write_at"] < last  # counts from receipt: test_ahead.py


# ---- flows and their basis


def test_several_inputs_and_outputs_are_possible_only(workspace: uuid.UUID) -> None:
    send_and_project(workspace, [run_event(inputs=[A, B], outputs=[C, D])])
    assert flows(workspace) == {(source, target): ("cartesian", False) for source in "ab" for target in "cd"}


def test_column_lineage_proves_what_it_names(workspace: uuid.UUID) -> None:
    output = dataset("c", columnLineage=column_facet("a"))
    send_and_project(workspace, [run_event(inputs=[A, B], outputs=[output])])
    assert flows(workspace) == {("a", "c"): ("column", True), ("b", "c"): ("cartesian", False)}


def test_an_indirect_dependency_is_possible_only(workspace: uuid.UUID) -> None:
    send_and_project(
        workspace, [run_event(inputs=[A], outputs=[dataset("c", columnLineage=column_facet("a", kind="INDIRECT"))])]
    )
    assert flows(workspace) == {("a", "c"): ("column", False)}


def test_a_guess_is_taken_back_when_the_run_says_better(workspace: uuid.UUID) -> None:
    send_and_project(workspace, [run_event("START", inputs=[A, B], outputs=[C])])
    assert flows(workspace) == {("a", "c"): ("cartesian", True), ("b", "c"): ("cartesian", True)}
    entry = {"namespace": "postgres://db:5432", "type": "DATASET"}
    explicit = facet(entries=[{**entry, "name": "c", "inputs": [{**entry, "name": "a"}]}])
    send_and_project(workspace, [run_event("COMPLETE", "2026-11-01T09:00:00Z", job_facets={"lineage": explicit})])
    assert flows(workspace) == {("a", "c"): ("explicit", True)}
    assert relations(workspace, "dataset", "c")["upstream"] == ["a"]
    assert asset(workspace, "data_flow", "b → c").state == "retired"
    with in_workspace(workspace):
        assert Flow.objects.filter(rev_to__isnull=False).count() == 2


def test_the_strongest_basis_over_runs_counts_and_runs_are_counted(workspace: uuid.UUID) -> None:
    named = dataset("c", columnLineage=column_facet("a"))
    times = [f"2026-11-0{day}T08:00:00Z" for day in (1, 2, 3)]
    send_and_project(workspace, [run_event(at=times[0], run=new_run(), inputs=[A], outputs=[C])])
    send_and_project(workspace, [run_event(at=times[2], run=new_run(), inputs=[A], outputs=[named])])
    send_and_project(workspace, [run_event(at=times[1], run=new_run(), inputs=[A], outputs=[C])])
    with in_workspace(workspace):
        flow = Flow.objects.get(rev_to__isnull=True)
    assert (flow.basis, flow.runs, flow.first_seen_at.day, flow.last_seen_at.day) == ("column", 3, 1, 3)


def test_a_design_flows_without_being_a_run(workspace: uuid.UUID) -> None:
    own = dataset("c", lineage=facet(inputs=[{"namespace": "postgres://db:5432", "name": "b", "type": "DATASET"}]))
    send_and_project(workspace, [job_event(inputs=[A], outputs=[B]), dataset_event(own)])
    assert flows(workspace) == {("a", "b"): ("cartesian", True), ("b", "c"): ("explicit", True)}
    assert relations(workspace, "job", "daily") == {"reads": ["a"], "writes": ["b"]}
    assert asset(workspace, "dataset", "b").state == "reported"
    with in_workspace(workspace):
        assert set(Flow.objects.values_list("runs", flat=True)) == {0}
        assert not Asset.objects.filter(kind="run").exists()


def test_what_a_facet_only_names_is_mentioned(workspace: uuid.UUID) -> None:
    send_and_project(workspace, [run_event(inputs=[A], outputs=[dataset("c", columnLineage=column_facet("z"))])])
    assert asset(workspace, "dataset", "z").state == "mentioned"
    assert flows(workspace)["z", "c"] == ("column", True)


# ---- facts of facets


def test_facets_become_facts_of_their_asset(workspace: uuid.UUID) -> None:
    tags = [
        {"key": "environment", "value": "prod"},
        {"key": "classification", "value": "personal"},
        {"key": "residency", "value": "DE, fr"},
        {"key": "retention", "value": "P1Y"},
        {"key": "pii", "value": "x", "field": "email"},
    ]
    output = dataset(
        "c",
        ownership=facet(owners=[{"name": "team-data", "type": "OWNER"}]),
        documentation=facet(description="Orders"),
        datasetType=facet(datasetType="VIEW"),
        version=facet(datasetVersion="7"),
        tags=facet(tags=tags),
    )
    job_facets = {
        "ownership": facet(owners=[{"name": "team-etl"}]),
        "jobType": facet(processingType="STREAMING", integration="FLINK"),
        "processing": facet(purpose="billing", legal_basis="contract"),
        "sourceCodeLocation": facet(type="git", url="https://example.com", version="abc123"),
    }
    send_and_project(workspace, [run_event(outputs=[output], job_facets=job_facets)])
    document = asset(workspace, "dataset", "c").document
    expected = {
        "owner": "team-data", "description": "Orders", "subtype": "table", "version": "7", "environment": "prod",
        "classification": "personal", "allowed_countries": ["DE", "FR"], "residency_limited": True,
        "retention_days": 365, "effective_class_rank": 4, "source": "airflow",
    }  # fmt: skip
    assert expected.items() <= document.items()
    job = asset(workspace, "job", "daily").document
    assert {"owner": "team-etl", "subtype": "stream", "purpose": "billing"}.items() <= job.items()
    assert asset(workspace, "run", RUN).document["git_sha"] == "abc123"
    assert asset(workspace, "dataset", "c").provenance["owner"]["origin"] == "declared"


def test_a_facet_sent_again_replaces_and_a_deleted_one_is_gone(workspace: uuid.UUID) -> None:
    def owned(at: str, ownership: dict[str, Any]) -> dict[str, Any]:
        return dataset_event(dataset("c", ownership=ownership), at)

    send_and_project(workspace, [owned("2026-11-02T00:00:00Z", facet(owners=[{"name": "second"}]))])
    send_and_project(workspace, [owned("2026-11-01T00:00:00Z", facet(owners=[{"name": "first"}]))])
    assert asset(workspace, "dataset", "c").owner == "second"
    send_and_project(workspace, [owned("2026-11-03T00:00:00Z", {"_deleted": True})])
    assert asset(workspace, "dataset", "c").owner == ""


def test_a_redacted_value_is_no_fact(workspace: uuid.UUID) -> None:
    send_and_project(workspace, [dataset_event(dataset("c", documentation=facet(description="password=hunter2")))])
    assert "description" not in asset(workspace, "dataset", "c").document


def test_facets_of_any_shape_do_no_harm(workspace: uuid.UUID) -> None:
    shapes: list[Any] = [None, 1, "x", [], [1], {}, {"owners": 3}, {"owners": [None, {"name": 4}]}, {"fields": [1]}]
    shapes += [{"fields": {"a": 1, "b": {"inputFields": [1, {"namespace": 1}]}}}, {"entries": {"type": 2}}]
    shapes += [{"tags": [1, {"key": None}]}, {"inputs": {"a": 1}}]
    names = ["ownership", "lineage", "columnLineage", "tags", "documentation", "jobType", "version", "extractionError"]
    events = [
        run_event(
            run=new_run(),
            inputs=[A],
            outputs=[dataset("c", **dict.fromkeys(names, shape))],
            job_facets=dict.fromkeys(names, shape),
            run_facets=dict.fromkeys(names, shape),
        )
        for shape in shapes
    ]
    assert send_and_project(workspace, events) == len(shapes)
    assert ("a", "c") in flows(workspace), "a facet that says nothing silences nothing"
    with in_workspace(workspace):
        assert Flow.objects.filter(rev_to__isnull=True, runs=len(shapes) - 1).exists(), "but for {fields: {...}}"
        assert not Work.objects.filter(stage=Stage.PROJECT).exists()


# ---- sources


def test_numbers_beyond_what_is_counted_with_do_no_harm(workspace: uuid.UUID) -> None:
    odd = facet(x="HUGE", y=10**30)
    event = run_event(
        outputs=[dataset("b", acme_odd=odd) | {"outputFacets": {"dataQualityMetrics": facet(rowCount="HUGE")}}]
    )
    raw = json.dumps(event).encode().replace(b'"HUGE"', b"1e400")
    with in_workspace(workspace):
        store_events([receive_event(raw, Principal(workspace, Role.PIPELINE, "command", "test"))])
    assert project(workspace) == 1
    with in_workspace(workspace):
        assert Asset.objects.filter(kind="dataset", name="b").exists()
        body = Facet.objects.get(name="acme_odd").body
        assert body is not None
        assert body["y"] == 10**30


def test_a_run_that_lineage_tells_of_outlives_the_inventory_that_drops_it(cast: Cast) -> None:
    def give(day: int, *rows: dict[str, Any]) -> None:
        stated = {"manifest": {"generated_at": f"2025-11-0{day}T00:00:00Z", "count": len(rows)}}
        body = "\n".join(json.dumps(each) for each in (stated, *rows)).encode()
        query = {"source": "cmdb", "mode": "full"}
        answer = cast.api["pipeline"].post(
            "/api/v1/inventories", body, content_type="application/x-ndjson", query_params=query
        )
        assert answer.status_code == 201, answer.content
        project(cast.workspace.pk)

    send_and_project(cast.workspace.pk, [run_event(outputs=[B])])
    give(1, {"kind": "run", "uid": RUN, "attributes": {}})
    give(2, {"kind": "storage", "uid": "lake", "attributes": {}})
    kept = asset(cast.workspace.pk, "run", RUN)
    assert (kept.state, kept.document.get("source")) == ("reported", None)


def test_the_producer_is_a_source_that_is_silent_after_twice_its_usual_pause(workspace: uuid.UUID) -> None:
    days = [f"2026-10-{day:02}T02:00:00Z" for day in range(1, 11) if day not in {4, 5}]
    send_and_project(workspace, [run_event(at=day, run=new_run()) for day in days])
    with in_workspace(workspace):
        source = Source.objects.get(door="lineage", name="airflow")
    assert source.expected_every_hours == 48, "one pause of three days is none that is usual (test_cadence.py)"
    assert (source.first_seen_at.day, source.last_seen_at.day) == (1, 10)


def test_a_clock_that_is_ahead_does_not_hide_a_silence(workspace: uuid.UUID) -> None:
    send_and_project(workspace, [run_event(at="2999-01-01T00:00:00Z")])
    with in_workspace(workspace):
        assert Source.objects.get().last_seen_at < datetime.datetime(2998, 1, 1, tzinfo=datetime.UTC)


def test_a_namespace_too_long_for_a_name_is_a_source_all_the_same(workspace: uuid.UUID) -> None:
    names = ["n" * 900 + end for end in "xy"]
    send_and_project(workspace, [run_event(namespace=name) for name in names])
    with in_workspace(workspace):
        assert Source.objects.count() == 2


# ---- the stage


def test_a_batch_is_one_revision_and_one_statement_that_commits_to_its_events(workspace: uuid.UUID) -> None:
    send_and_project(workspace, [run_event("START"), run_event("COMPLETE"), dataset_event(A)])
    with in_workspace(workspace):
        statement = Statement.objects.get(action="lineage:events:projected")
        events = Event.objects.order_by("pk")
        leaves = [leaf_hash(event.pk.bytes + bytes(event.kept_digest)) for event in events]
        assert statement.body["root"] == root(leaves).hex()
        assert statement.body["events"] == {"dataset": 1, "run": 2}
        assert Flow.objects.count() == 0
        assert {row.rev_changed for row in Asset.objects.all()} == {statement.revision}


def test_what_changed_and_what_reads_it_is_queued_for_evaluation(workspace: uuid.UUID) -> None:
    send_and_project(workspace, [run_event(inputs=[A], outputs=[B])])
    with in_workspace(workspace):
        everything = set(Asset.objects.values_list("pk", flat=True))
        assert queued(workspace, Stage.EVALUATE) == everything
        Work.objects.filter(stage=Stage.EVALUATE).delete()
    send_and_project(
        workspace, [dataset_event(dataset("a", ownership=facet(owners=[{"name": "x"}])), "2026-11-02T00:00:00Z")]
    )
    waiting = queued(workspace, Stage.EVALUATE)
    for kind, name in (("dataset", "a"), ("dataset", "b"), ("job", "daily"), ("run", RUN), ("data_flow", "a → b")):
        assert asset(workspace, kind, name).pk in waiting, name


def test_another_good_write_does_not_queue_all_former_runs(workspace: uuid.UUID) -> None:
    first, second = new_run(), new_run()
    send_and_project(workspace, [run_event(run=first, inputs=[A], outputs=[B])])
    with in_workspace(workspace):
        Work.objects.filter(stage=Stage.EVALUATE).delete()
    send_and_project(workspace, [run_event("COMPLETE", "2026-11-02T08:00:00Z", run=second, inputs=[A], outputs=[B])])
    waiting = queued(workspace, Stage.EVALUATE)
    assert asset(workspace, "dataset", "b").pk in waiting
    assert asset(workspace, "run", first).pk not in waiting
    assert asset(workspace, "run", second).pk in waiting


def test_the_same_events_again_change_nothing(workspace: uuid.UUID) -> None:
    send_and_project(workspace, [run_event("START", inputs=[A]), run_event("COMPLETE", outputs=[B])])
    with in_workspace(workspace):
        before = list(Asset.objects.order_by("pk").values("pk", "document", "provenance", "known_relations"))
        project_events(list(Event.objects.values_list("pk", flat=True)))
        after = list(Asset.objects.order_by("pk").values("pk", "document", "provenance", "known_relations"))
        assert Flow.objects.count() == 1
        assert Flow.objects.get().runs == 1
    assert after == before


def test_large_events_are_spread_over_transactions(workspace: uuid.UUID, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lineage.graph.project.BATCH_BYTES", 2000)
    runs = [new_run() for _ in range(6)]
    send(workspace, [run_event("COMPLETE", run=run, inputs=[A], outputs=[B]) for run in runs])
    with in_workspace(workspace):
        before = Revision.objects.count()
    assert project(workspace) == 6
    with in_workspace(workspace):
        assert Run.objects.count() == 6
        assert 1 < Revision.objects.count() - before <= 6
    assert not queued(workspace, Stage.PROJECT)


def test_an_event_that_cannot_be_projected_does_not_hold_up_the_others(workspace: uuid.UUID) -> None:
    send(workspace, [run_event(run=new_run(), outputs=[B])])
    with in_workspace(workspace):
        poison = Event.objects.get()
        Event.objects.bulk_create([_copy(poison, b"{broken")])
        broken = Event.objects.exclude(pk=poison.pk).get()
        Work.objects.create(workspace_id=workspace, stage="project", subject=broken.pk)
    send(workspace, [run_event(run=new_run(), outputs=[C])])
    assert project(workspace) == 2
    assert asset(workspace, "dataset", "c").state == "reported"
    with in_workspace(workspace):
        left = Work.objects.get(stage="project")
        assert left.subject == broken.pk
        assert left.attempts >= 1  # where the machine is slow, its next try falls into the same run
        Work.objects.filter(pk=left.pk).update(attempts=7, due_at="2026-01-01T00:00:00Z")
    assert project(workspace) == 0
    with in_workspace(workspace):
        letter = DeadLetter.objects.get()
        assert (letter.subject, letter.stage, letter.attempts) == (broken.pk, "project", 8)
        assert "JSONDecodeError" in letter.reason
        assert not Work.objects.filter(stage="project").exists()


def _copy(event: Event, body: bytes) -> Event:
    fields = {f.attname: getattr(event, f.attname) for f in Event._meta.local_concrete_fields if f.attname != "id"}
    return Event(**(fields | {"body": body}))


def test_a_workspace_projects_nothing_of_another(cast: Cast) -> None:
    send_and_project(cast.workspace.pk, [run_event(outputs=[B])])
    assert project(cast.elsewhere.pk) == 0
    with in_workspace(cast.elsewhere.pk):
        assert not Asset.objects.exists()
