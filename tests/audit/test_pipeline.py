"""The flow stands on one page, and the page is true: every stage has its module, its task, its queue and its place."""

import re
import uuid
from pathlib import Path

import pytest

from accounts.workspaces.ids import new_id
from accounts.workspaces.isolation import in_workspace
from accounts.workspaces.models import Work
from accounts.workspaces.queue import Stage, due_now, push, waiting
from audit import pipeline
from audit.findings.models import Finding
from audit.pipeline import PIPELINE, run_due
from audit.tickets.models import Ticket
from config.celery import app
from tests.audit.findings.estate import CHECK, customers, lake_in
from tests.support.cast import Cast
from tests.support.estate import send_inventory

ROOT = Path(__file__).resolve().parents[2]
TOLD = re.findall(r"^    (\w+) +([\w/.]+(?:, [\w/.]+)*)", pipeline.__doc__ or "", re.MULTILINE)


def test_every_stage_that_waits_for_rows_is_run_once() -> None:
    assert sorted(step.stage for step in PIPELINE) == sorted(Stage)


def test_the_page_names_modules_that_are_there_and_the_stages_in_their_order() -> None:
    assert len(TOLD) == 10
    for _, modules in TOLD:
        for module in modules.split(", "):
            assert (ROOT / module).exists(), module
    told = [verb for verb, _ in TOLD]
    assert [verb for verb in told if verb in {*Stage}] == [step.stage for step in PIPELINE]
    for step in PIPELINE:
        assert step.run.__module__.replace(".", "/") + ".py" in dict(TOLD)[step.stage]


def test_every_stage_has_its_task() -> None:
    app.loader.import_default_modules()
    assert {f"auditline.{stage}" for stage in Stage} <= set(app.tasks)


@pytest.mark.django_db
def test_one_run_goes_from_a_line_to_a_ticket_and_leaves_nothing_due(cast: Cast) -> None:
    send_inventory(cast.api["pipeline"], lake_in("US"), customers())
    assert run_due(cast.workspace.pk) > 0
    with in_workspace(cast.workspace.pk):
        finding = Finding.objects.get(check_id=CHECK)
        assert Ticket.objects.get(finding=finding).state == "open"
        assert due_now(list(Stage), 10) == 0
    assert run_due(cast.workspace.pk) == 0


@pytest.mark.django_db
def test_a_run_touches_one_workspace(cast: Cast) -> None:
    send_inventory(cast.api["pipeline"], lake_in("US"))
    send_inventory(cast.api["outsider"], lake_in("US"))
    run_due(cast.workspace.pk)
    with in_workspace(cast.elsewhere.pk):
        assert waiting(Stage.PROJECT) == 1


@pytest.mark.django_db
@pytest.mark.parametrize("stage", list(Stage))
def test_work_that_no_longer_has_its_cause_stops_no_stage(cast: Cast, stage: Stage) -> None:
    run_due(cast.workspace.pk)
    with in_workspace(cast.workspace.pk):
        push(stage, [new_id()])
    run_due(cast.workspace.pk)
    left = Work.objects.filter(workspace=cast.workspace, stage=stage)
    assert [row.attempts for row in left] in ([], [1])  # done, or put back to try later: never in the way
    send_inventory(cast.api["pipeline"], lake_in("US"), customers())
    run_due(cast.workspace.pk)
    with in_workspace(cast.workspace.pk):
        assert isinstance(Ticket.objects.get(finding__check_id=CHECK).pk, uuid.UUID)
