"""A schedule makes one export per slot, however many beats run, and what it makes verifies."""

import datetime
import io

import pytest
from django.core.management import call_command

from accounts.workspaces.isolation import in_workspace
from audit.exports.make_export import export_path, make_exports
from audit.exports.models import Export, ExportSchedule
from audit.exports.schedules import ScheduleRefused, next_slot, run_schedules
from tests.support.cast import Cast
from tests.support.estate import judged_estate

MONDAY = datetime.datetime(2026, 11, 30, 6, tzinfo=datetime.UTC)


def scheduled(cast: Cast, cron: str = "0 6 * * 1", timezone: str = "UTC") -> ExportSchedule:
    answer = cast.api["officer"].post(
        "/api/v1/schedules", {"name": "Weekly", "cron": cron, "timezone": timezone}, format="json"
    )
    assert answer.status_code == 201, answer.content
    with in_workspace(cast.workspace.pk):
        schedule = ExportSchedule.objects.get(pk=answer.json()["id"])
        schedule.next_at = MONDAY
        schedule.save()
    return schedule


def exports(cast: Cast) -> list[Export]:
    with in_workspace(cast.workspace.pk):
        return list(Export.objects.order_by("slot"))


@pytest.mark.django_db(transaction=True)
def test_a_scheduled_export_verifies(cast: Cast) -> None:
    judged_estate(cast)
    scheduled(cast)
    assert run_schedules(cast.workspace.pk, MONDAY) == 1
    make_exports(cast.workspace.pk)
    (made,) = exports(cast)
    assert (made.state, made.slot) == (Export.State.READY, MONDAY)
    said = io.StringIO()
    call_command("verify", str(export_path(cast.workspace.pk, made.pk)), stdout=said)
    assert "VERIFIED" in said.getvalue()
    assert "self-signed: the operator could have rewritten this" in said.getvalue()


def test_two_beats_take_a_slot_once(cast: Cast) -> None:
    schedule = scheduled(cast)
    run_schedules(cast.workspace.pk, MONDAY)
    with in_workspace(cast.workspace.pk):
        ExportSchedule.objects.filter(pk=schedule.pk).update(next_at=MONDAY)  # the second beat read it before
    run_schedules(cast.workspace.pk, MONDAY + datetime.timedelta(seconds=1))
    assert [export.slot for export in exports(cast)] == [MONDAY]


def test_nothing_is_made_before_the_slot(cast: Cast) -> None:
    scheduled(cast)
    assert run_schedules(cast.workspace.pk, MONDAY - datetime.timedelta(seconds=1)) == 0
    assert exports(cast) == []


def test_after_downtime_the_newest_slot_is_made(cast: Cast) -> None:
    scheduled(cast)
    run_schedules(cast.workspace.pk, MONDAY + datetime.timedelta(days=16))
    assert [export.slot for export in exports(cast)] == [MONDAY + datetime.timedelta(days=14)]


def test_a_slot_keeps_its_local_hour_over_the_change_of_the_clocks() -> None:
    before = next_slot("0 6 * * *", "Europe/Berlin", datetime.datetime(2026, 10, 24, 0, tzinfo=datetime.UTC))
    after = next_slot("0 6 * * *", "Europe/Berlin", datetime.datetime(2026, 10, 25, 2, tzinfo=datetime.UTC))
    assert (before.hour, after.hour) == (4, 5)


@pytest.mark.parametrize(("cron", "zone"), [("every monday", "UTC"), ("0 6 * * 1", "Mars/Base"), ("61 * * * *", "UTC")])
def test_a_schedule_that_cannot_be_read_is_refused_in_words(cron: str, zone: str) -> None:
    with pytest.raises(ScheduleRefused, match="expected"):
        next_slot(cron, zone, MONDAY)


def test_the_auditor_may_not_schedule_and_the_outsider_cannot_see_it(cast: Cast) -> None:
    schedule = scheduled(cast)
    wanted = {"name": "x", "cron": "0 6 * * 1"}
    assert cast.api["auditor"].post("/api/v1/schedules", wanted, format="json").status_code == 403
    assert cast.api["outsider"].delete(f"/api/v1/schedules/{schedule.pk}").status_code == 404
    assert cast.api["outsider"].get("/api/v1/schedules").json()["results"] == []
