"""What an upgrade does for a workspace that was there before it."""

import importlib

import pytest
from django.apps import apps
from django.db import connection

from accounts.workspaces.isolation import in_workspace
from lineage.graph.labels.models import Traced
from lineage.graph.project import project
from tests.support.cast import Cast
from tests.support.flow import lineage_facts, send_and_project
from tests.support.openlineage import dataset, new_run, run_event

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
