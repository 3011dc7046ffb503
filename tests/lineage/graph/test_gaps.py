"""A job admits a gap by its newest finished run; what is kept of that is what its runs say, at each revision."""

import random
import uuid
from typing import Any

import pytest

from accounts.workspaces.isolation import in_workspace
from accounts.workspaces.revisions import current_revision
from lineage.graph.coverage import counts
from lineage.graph.models import JobGap, JobVersionDataset, Run
from lineage.graph.queries import reach
from tests.support.cast import Cast
from tests.support.flow import asset, send_and_project
from tests.support.openlineage import dataset, facet, run_event

ADMITTED = {"extractionError": facet(totalTasks=2, failedTasks=1)}


def some_event(choice: random.Random) -> dict[str, Any]:
    return run_event(
        choice.choice(["START", "COMPLETE", "COMPLETE", "FAIL"]),
        f"2026-11-01T08:{choice.randint(10, 19)}:00Z",
        run=f"00000000-0000-0000-0000-0000000000{choice.randint(10, 14)}",
        job=choice.choice("jkl"),
        inputs=[dataset("a")] if choice.random() < 0.5 else [],
        outputs=[dataset("b")],
        run_facets=ADMITTED if choice.random() < 0.2 else {},
    )


def by_runs() -> set[str]:
    """Return the jobs of the entered workspace that admit a gap, told from all of their runs."""
    reading = set(JobVersionDataset.objects.filter(direction="input").values_list("version_id", flat=True))
    newest: dict[str, Run] = {}
    for run in Run.objects.filter(ended_at__isnull=False).select_related("job").order_by("ended_at", "run_id"):
        newest[run.job.name] = run
    return {name for name, run in newest.items() if run.extraction_error or run.version_id not in reading}


def admitting(revision: int) -> set[str]:
    """Return the jobs of the entered workspace that admitted a gap at a revision, as kept."""
    return {
        row.job.name
        for row in JobGap.objects.select_related("job")
        if row.rev_from <= revision and (row.rev_to is None or row.rev_to > revision)
    }


STREAM = {"jobType": facet(processingType="STREAMING", integration="FLINK")}


def window(at: str, run: str, **rest: Any) -> dict[str, Any]:
    return run_event("RUNNING", at, run=run, inputs=[dataset("a")], outputs=[dataset("b")], **rest)


@pytest.mark.django_db
@pytest.mark.parametrize("said_later", [False, True])
def test_of_a_job_that_streams_the_newest_run_counts_though_it_does_not_end(cast: Cast, said_later: bool) -> None:
    """Else what its producer admits would never count, and its lineage would pass for complete."""
    first, second = (f"00000000-0000-0000-0000-00000000000{digit}" for digit in "ab")
    admitting_run = window("2026-11-01T08:00:00Z", first, run_facets=ADMITTED)
    streams = run_event("OTHER", "2026-11-01T07:00:00Z", run=first, job_facets=STREAM)
    for event in [admitting_run, streams] if said_later else [streams, admitting_run]:
        send_and_project(cast.workspace.pk, [event])
    with in_workspace(cast.workspace.pk):
        assert admitting(current_revision()) == {"daily"}
        assert counts()["extraction_errors"] == 1
    send_and_project(cast.workspace.pk, [window("2026-11-02T08:00:00Z", second)])
    with in_workspace(cast.workspace.pk):
        assert admitting(current_revision()) == set()
        assert counts()["extraction_errors"] == 0


@pytest.mark.django_db
def test_a_batch_run_that_is_under_way_admits_nothing_yet(cast: Cast) -> None:
    send_and_project(cast.workspace.pk, [window("2026-11-01T08:00:00Z", "r", run_facets=ADMITTED)])
    with in_workspace(cast.workspace.pk):
        assert admitting(current_revision()) == set()


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.django_db
def test_what_is_kept_is_what_runs_say_at_each_revision(seed: int, cast: Cast) -> None:
    choice, where = random.Random(seed), cast.workspace.pk
    told: dict[int, set[str]] = {}
    for _ in range(10):
        send_and_project(where, [some_event(choice) for _ in range(choice.randint(1, 3))])
        with in_workspace(where):
            told[current_revision()] = by_runs()
    with in_workspace(where):
        assert {revision: admitting(revision) for revision in told} == told
    assert len({frozenset(jobs) for jobs in told.values()}) > 1, "nothing turned"


@pytest.mark.django_db
def test_an_answer_as_of_a_revision_names_the_gaps_of_that_revision(cast: Cast) -> None:
    where = cast.workspace.pk

    def reasons(start: uuid.UUID, revision: int) -> list[str]:
        with in_workspace(where):
            answer = reach(start, "downstream", depth=5, revision=revision)
        return [reason for reason in answer.reasons if "extraction error" in reason]

    revisions = []
    for minute, facets in ((10, {}), (20, ADMITTED), (30, {})):
        at = f"2026-11-01T08:{minute}:00Z"
        run = f"00000000-0000-0000-0000-0000000000{minute}"
        send_and_project(where, [run_event(at=at, run=run, inputs=[dataset("a")], outputs=[dataset("b")],
                                           run_facets=facets)])  # fmt: skip
        with in_workspace(where):
            revisions.append(current_revision())
    start = asset(where, "dataset", "a").pk
    assert [len(reasons(start, revision)) for revision in revisions] == [0, 1, 0]
    with in_workspace(where):
        kept = JobGap.objects.get()
    ends = (kept.rev_from - 1, kept.rev_from, (kept.rev_to or 0) - 1, kept.rev_to or 0)
    assert [len(reasons(start, revision)) for revision in ends] == [0, 1, 1, 0], "to the revision"
