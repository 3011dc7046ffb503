"""What an upgrade does for a workspace that was there before it."""

import importlib

import pytest
from django.apps import apps
from django.db import connection

from accounts.workspaces.isolation import in_workspace
from lineage.graph.labels.models import Traced
from lineage.graph.models import JobGap
from lineage.graph.project import project
from tests.support.cast import Cast
from tests.support.flow import lineage_facts, send_and_project
from tests.support.openlineage import dataset, facet, new_run, run_event

GAPS = importlib.import_module("lineage.migrations.0017_gaps_that_were_there")
TRACE = importlib.import_module("lineage.migrations.0012_trace_what_was_there")


@pytest.mark.django_db
def test_what_flowed_before_lineage_facts_were_kept_has_them_once_the_stage_has_run(cast: Cast) -> None:
    ours = cast.workspace.pk
    for source, target in ("ab", "bc", "cd"):
        read, written = [dataset(source)], [dataset(target)]
        send_and_project(ours, [run_event(run=new_run(), job=f"{source}{target}", inputs=read, outputs=written)])
    project(ours)
    with in_workspace(ours):
        expected = lineage_facts()
        assert max(said["upstream_count"] for rows in expected.values() for _, said in rows) == 3
        Traced.objects.all().delete()
        assert lineage_facts() == {}
    TRACE.note(apps, connection.schema_editor())
    project(ours)
    with in_workspace(ours):
        assert lineage_facts() == expected


@pytest.mark.django_db
def test_jobs_that_admitted_a_gap_before_gaps_were_kept_admit_it_after(cast: Cast) -> None:
    ours, theirs = cast.workspace.pk, cast.elsewhere.pk
    failed = {"extractionError": facet(totalTasks=1, failedTasks=1)}
    for where, job in ((ours, "bad"), (theirs, "other")):
        event = run_event(run=new_run(), job=job, inputs=[dataset("a")], outputs=[dataset("b")], run_facets=failed)
        send_and_project(where, [event])
    good = run_event(run=new_run(), job="good", inputs=[dataset("a")], outputs=[dataset("b")])
    send_and_project(ours, [run_event(run=new_run(), job="silent", outputs=[dataset("b")]), good])
    with in_workspace(ours):
        expected = set(JobGap.objects.values_list("job__name", flat=True))
        JobGap.objects.all().delete()
    GAPS.keep(apps, connection.schema_editor())
    with in_workspace(ours):
        kept = set(JobGap.objects.values_list("job__name", "rev_from", "rev_to"))
    assert kept == {("bad", 0, None), ("silent", 0, None)}
    assert expected == {name for name, _, _ in kept}
