"""A paused schedule makes nothing, shows as paused, and goes on from its next slot; each turn is a sealed act."""

import datetime

import pytest

from accounts.journal.actions import Action
from accounts.journal.models import Statement
from accounts.members.models import Role
from accounts.workspaces.isolation import in_workspace
from audit.exports.models import Export, ExportSchedule
from audit.exports.schedules import add_schedule, run_schedules
from tests.support.cast import Cast, bearer

LATER = datetime.timedelta(days=20)


@pytest.fixture
def weekly(cast: Cast) -> ExportSchedule:
    """A weekly schedule of our workspace whose slots came twice already."""
    with in_workspace(cast.workspace.pk):
        schedule = add_schedule("Weekly", "0 6 * * 1", "UTC", actor="command")
        schedule.next_at -= 2 * datetime.timedelta(days=7)
        schedule.save()
        return schedule


def address(schedule: ExportSchedule) -> str:
    return f"/api/v1/schedules/{schedule.pk}"


def again(cast: Cast, schedule: ExportSchedule) -> ExportSchedule:
    with in_workspace(cast.workspace.pk):
        return ExportSchedule.objects.get(pk=schedule.pk)


def acts(cast: Cast) -> list[tuple[str, str]]:
    with in_workspace(cast.workspace.pk):
        rows = Statement.objects.filter(action=Action.SCHEDULE_CHANGED).order_by("pk")
        return [(row.body["what"], row.actor.partition(":")[0]) for row in rows]


def made(cast: Cast) -> int:
    with in_workspace(cast.workspace.pk):
        return Export.objects.count()


def test_officer_pauses_a_schedule_and_it_makes_nothing(cast: Cast, weekly: ExportSchedule) -> None:
    answer = cast.api["officer"].patch(address(weekly), {"paused": True}, format="json")
    assert answer.status_code == 200
    assert answer.json()["paused_at"] is not None
    assert run_schedules(cast.workspace.pk, weekly.next_at + LATER) == 0
    assert made(cast) == 0
    assert [row["paused_at"] is not None for row in cast.api["officer"].get("/api/v1/schedules").json()["results"]] == [
        True
    ]


def test_resumed_schedule_does_not_make_up_what_it_missed(cast: Cast, weekly: ExportSchedule) -> None:
    cast.api["officer"].patch(address(weekly), {"paused": True}, format="json")
    before = datetime.datetime.now(datetime.UTC)
    answer = cast.api["officer"].patch(address(weekly), {"paused": False}, format="json")
    assert answer.json()["paused_at"] is None
    resumed = again(cast, weekly)
    assert resumed.next_at > before
    assert run_schedules(cast.workspace.pk, before) == 0
    assert run_schedules(cast.workspace.pk, resumed.next_at) == 1
    with in_workspace(cast.workspace.pk):
        assert [export.slot for export in Export.objects.all()] == [resumed.next_at]


def test_each_turn_is_one_act_and_the_same_turn_again_is_none(cast: Cast, weekly: ExportSchedule) -> None:
    for paused in (True, True, False, False):
        assert cast.api["officer"].patch(address(weekly), {"paused": paused}, format="json").status_code == 200
    assert acts(cast) == [("added", "command"), ("paused", "member"), ("resumed", "member")]


def test_officer_pauses_and_resumes_on_the_page(cast: Cast, weekly: ExportSchedule) -> None:
    page = cast.page(cast.officer)
    home = f"/w/{cast.workspace.slug}/exports/"
    shown = page.post(f"{home}schedules/{weekly.pk}/pause/", follow=True).content.decode()
    assert "is paused" in shown
    assert f"schedules/{weekly.pk}/resume/" in shown
    assert f"schedules/{weekly.pk}/pause/" not in shown
    shown = page.post(f"{home}schedules/{weekly.pk}/resume/", follow=True).content.decode()
    assert f"schedules/{weekly.pk}/pause/" in shown
    assert again(cast, weekly).paused_at is None


def test_auditor_sees_that_it_is_paused_and_cannot_change_it(cast: Cast, weekly: ExportSchedule) -> None:
    cast.api["officer"].patch(address(weekly), {"paused": True}, format="json")
    assert cast.api["auditor"].patch(address(weekly), {"paused": False}, format="json").status_code == 403
    page, home = cast.page(cast.auditor), f"/w/{cast.workspace.slug}/exports/"
    assert page.post(f"{home}schedules/{weekly.pk}/resume/").status_code == 403
    shown = page.get(home).content.decode()
    assert "paused" in shown
    assert "schedules/" not in shown, "no buttons without the right"
    assert again(cast, weekly).paused_at is not None


def test_outsider_cannot_see_that_the_schedule_exists(cast: Cast, weekly: ExportSchedule) -> None:
    assert cast.api["outsider"].patch(address(weekly), {"paused": True}, format="json").status_code == 404
    address_of_page = f"/w/{cast.workspace.slug}/exports/schedules/{weekly.pk}/pause/"
    assert cast.page(cast.outsider).post(address_of_page).status_code == 404
    assert again(cast, weekly).paused_at is None


def test_pipeline_may_not_pause(cast: Cast, weekly: ExportSchedule) -> None:
    assert cast.api["pipeline"].patch(address(weekly), {"paused": True}, format="json").status_code == 403
    reader = bearer(cast.token(Role.AUDITOR))
    assert reader.patch(address(weekly), {"paused": True}, format="json").status_code == 403
    assert again(cast, weekly).paused_at is None


def test_another_word_than_paused_is_refused_in_words(cast: Cast, weekly: ExportSchedule) -> None:
    answer = cast.api["officer"].patch(address(weekly), {"paused": "perhaps"}, format="json")
    assert answer.status_code == 400
    assert answer.json()["error"]["details"]
    assert acts(cast) == [("added", "command")]


def test_removed_schedule_cannot_be_paused(cast: Cast, weekly: ExportSchedule) -> None:
    assert cast.api["officer"].delete(address(weekly)).status_code == 204
    assert cast.api["officer"].patch(address(weekly), {"paused": True}, format="json").status_code == 404
