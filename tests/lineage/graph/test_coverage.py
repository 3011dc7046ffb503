"""What lineage does not show is told in counts and lists, in plain words, to those who may read."""

from typing import Any

import pytest

from accounts.workspaces.isolation import in_workspace
from lineage.graph.coverage import MEANINGS
from lineage.inventory.models import Source
from tests.support.cast import Cast
from tests.support.estate import send_inventory
from tests.support.flow import asset, drain, send_and_project
from tests.support.openlineage import RUN, dataset, facet, new_run, run_event

COVERAGE, FACETS = "/api/v1/graph/coverage", "/api/v1/graph/facets"


@pytest.fixture
def covered(cast: Cast) -> Cast:
    """An estate with each gap once, and the same thing beside it without a gap."""
    storage = {"kind": "storage", "origin": "measured"}
    send_inventory(
        cast.api["pipeline"],
        storage | {"uid": "known", "attributes": {"country": "DE", "lineage_namespaces": ["postgres://db:5432"]}},
        storage | {"uid": "dark", "attributes": {"country": "DE", "lineage_namespaces": ["s3://dark"]}},
        {"kind": "job", "uid": "cron/nightly", "name": "nightly"},
    )
    drain(cast.workspace.pk)
    elsewhere = dataset("x", namespace="s3://nobody")
    send_and_project(
        cast.workspace.pk,
        [
            run_event(
                job="good", run=RUN, inputs=[dataset("a")], outputs=[elsewhere], job_facets={"sql": facet(query="x")}
            ),
            run_event(job="empty", run=new_run()),
            run_event(job="broken", run=new_run(), inputs=[dataset("a")], run_facets={"extractionError": facet()}),
        ],
    )
    return cast


def ask(cast: Cast, role: str = "auditor", **query: Any) -> Any:
    return cast.api[role].get(COVERAGE, query)


def names(cast: Cast, gap: str) -> list[str]:
    return [row["name"] for row in ask(cast, gap=gap).json()["results"]]


def test_each_gap_is_counted_and_listed_in_plain_words(covered: Cast) -> None:
    answer = ask(covered).json()
    assert answer["counts"] == dict.fromkeys(MEANINGS, 1) | {"silent_sources": 0}
    assert answer["meaning"] == MEANINGS["jobs_without_datasets"]
    assert names(covered, "jobs_without_datasets") == ["empty"]
    assert names(covered, "extraction_errors") == ["broken"]
    assert names(covered, "namespaces_without_storage") == ["s3://nobody"]
    assert names(covered, "stores_never_seen") == ["dark"]
    assert names(covered, "jobs_never_seen") == ["nightly"]
    [space] = ask(covered, gap="namespaces_without_storage").json()["results"]
    assert (space["id"], space["kind"], space["datasets"]) == (None, "namespace", 1)


def test_a_good_run_after_the_bad_one_closes_the_gap(covered: Cast) -> None:
    good = run_event(at="2026-11-05T08:00:00Z", job="broken", run=new_run(), inputs=[dataset("a")])
    send_and_project(covered.workspace.pk, [good])
    assert names(covered, "extraction_errors") == []


def test_a_producer_that_should_have_spoken_is_silent(covered: Cast) -> None:
    with in_workspace(covered.workspace.pk):
        Source.objects.filter(door="lineage", name="airflow").update(expected_every_hours=1)
    assert names(covered, "silent_sources") == ["airflow"]
    assert ask(covered).json()["counts"]["silent_sources"] == 1


@pytest.mark.parametrize("gap", MEANINGS)
def test_pages_hold_each_row_once(covered: Cast, gap: str) -> None:
    events = [
        run_event(
            job=f"empty-{number}", namespace=f"other-{number}", run=new_run(),
            outputs=[dataset("x", namespace=f"s3://nobody-{number}")] if number % 2 else [],
            run_facets={"extractionError": facet()},
        )
        for number in range(6)
    ]  # fmt: skip
    send_and_project(covered.workspace.pk, events)
    send_inventory(
        covered.api["pipeline"],
        *({"kind": "job", "uid": f"cron/{number}", "name": f"job-{number}"} for number in range(3)),
        *(
            {"kind": "storage", "uid": f"dark-{number}", "attributes": {"lineage_namespaces": [f"s3://dark-{number}"]}}
            for number in range(3)
        ),
    )
    drain(covered.workspace.pk)
    with in_workspace(covered.workspace.pk):
        Source.objects.filter(door="lineage").update(expected_every_hours=1)
    whole = names(covered, gap)
    assert len(whole) > 2, "more than a page"
    rows: list[str] = []
    after = ""
    while True:
        answer = ask(covered, gap=gap, limit=2, **({"after": after} if after else {})).json()
        rows += [row["name"] for row in answer["results"]]
        if answer["next"] is None:
            break
        after = answer["next"]
    assert rows == whole
    assert len(set(rows)) == len(rows)


def test_a_cursor_of_another_list_is_refused(covered: Cast) -> None:
    answer = ask(covered, gap="jobs_never_seen", after="s3")
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "bad_parameter")


# ---- facets as they were sent


def test_the_facets_of_a_job_and_of_a_run_are_shown_as_they_were_sent(covered: Cast) -> None:
    job = asset(covered.workspace.pk, "job", "good")
    [row] = covered.api["auditor"].get(FACETS, {"asset": str(job.pk)}).json()["facets"]
    assert (row["part"], row["name"], row["body"], row["source"]) == ("job", "sql", facet(query="x"), "airflow")
    broken = asset(covered.workspace.pk, "job", "broken")
    run = covered.api["auditor"].get("/api/v1/assets", {"kind": "run"}).json()["results"]
    shown = [covered.api["auditor"].get(FACETS, {"asset": one["id"]}).json()["facets"] for one in run]
    assert [row["name"] for rows in shown for row in rows] == ["extractionError"]
    assert broken.pk != job.pk


# ---- who may


@pytest.mark.parametrize("role", ["officer", "auditor"])
def test_people_of_the_workspace_read_coverage(covered: Cast, role: str) -> None:
    assert ask(covered, role).status_code == 200


def test_outsider_sees_neither_gaps_nor_facets(covered: Cast) -> None:
    assert ask(covered, "outsider").json()["counts"] == dict.fromkeys(MEANINGS, 0)
    job = asset(covered.workspace.pk, "job", "good")
    assert covered.api["outsider"].get(FACETS, {"asset": str(job.pk)}).status_code == 404


def test_pipeline_posts_events_and_reads_no_coverage(covered: Cast) -> None:
    assert ask(covered, "pipeline").status_code == 403
    assert covered.api["pipeline"].get(FACETS, {"asset": RUN}).status_code == 403
