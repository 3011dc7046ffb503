"""A ticket is closed with the reason why its finding ended, and a date is not bought by dropping the asset."""

import datetime

import pytest
from django.urls import reverse

from accounts.journal.models import Statement
from accounts.workspaces.isolation import in_workspace
from audit.tickets.models import Ticket
from audit.tickets.open_tickets import CLOSED_BY, NEW_DATE, SAME_DATE
from audit.tickets.queries import history
from lineage.events.models import Event
from tests.audit.findings.estate import customers, lake_in
from tests.audit.tickets.test_life import check_all, ticket
from tests.support.cast import Cast

pytestmark = pytest.mark.django_db
ABROAD, AT_HOME = lake_in("US"), lake_in("DE")
BOUND, FREE = customers(), customers(residency_limited=False, allowed_countries=[])
ENDS = {"passed": (AT_HOME, BOUND), "not_applicable": (ABROAD, FREE), "retired": (ABROAD,)}


def told(cast: Cast, row: Ticket) -> list[tuple[str, str]]:
    with in_workspace(cast.workspace.pk):
        return [(event.what, event.detail) for event in history(row.pk)]


@pytest.mark.parametrize("end", ENDS)
def test_it_is_closed_with_the_reason(cast: Cast, end: str) -> None:
    ticket(cast, ABROAD, BOUND)
    row = ticket(cast, *ENDS[end])
    assert (row.state, row.finding.resolution) == ("closed", end)
    assert told(cast, row) == [("opened", ""), ("closed", CLOSED_BY[end])]
    for resolution in ENDS:
        rows = cast.api["auditor"].get("/api/v1/tickets", {"resolution": resolution, "family": "SOV"}).json()["results"]
        assert (str(row.pk) in {each["id"] for each in rows}) == (resolution == end)
        assert {each["resolution"] for each in rows} <= {resolution}
    with in_workspace(cast.workspace.pk):
        said = Statement.objects.filter(action="audit:tickets:changed").latest("id").body["tickets"]
    assert {each["resolution"] for each in said if each["ticket"] == str(row.pk)} == {end}


@pytest.mark.parametrize("end", ["not_applicable", "retired"])
@pytest.mark.parametrize("by_a_person", [True, False])
def test_what_only_went_comes_back_with_its_old_date(cast: Cast, end: str, by_a_person: bool) -> None:
    first = ticket(cast, ABROAD, BOUND)
    if by_a_person:
        sooner = str((first.due_at - datetime.timedelta(days=5)).date())
        assert (
            cast.api["officer"].patch(f"/api/v1/tickets/{first.pk}", {"due_at": sooner}, format="json").status_code
            == 200
        )
        first = ticket(cast, ABROAD, BOUND)
        assert first.due_at < first.finding.due_at
    ticket(cast, *ENDS[end])
    back = ticket(cast, ABROAD, BOUND)
    assert (back.state, back.due_at, back.reopened) == ("open", first.due_at, 1)
    assert told(cast, back)[-1] == ("reopened", SAME_DATE)
    assert [what for what, _ in told(cast, back) if what != "due date set"] == ["opened", "closed", "reopened"]


def test_what_fails_again_after_a_pass_has_a_new_date(cast: Cast) -> None:
    first = ticket(cast, ABROAD, BOUND)
    ticket(cast, *ENDS["retired"])
    passed = ticket(cast, *ENDS["passed"])
    assert told(cast, passed)[-1] == ("still closed", CLOSED_BY["passed"])
    check_all(cast)
    back = ticket(cast, ABROAD, BOUND)
    assert back.due_at == back.finding.due_at > first.due_at
    assert told(cast, back)[-1] == ("reopened", NEW_DATE)
    check_all(cast)


@pytest.mark.django_db(transaction=True)
def test_pages_say_in_plain_words_why_it_ended_and_that_its_limit_stays(cast: Cast) -> None:
    row = ticket(cast, ABROAD, BOUND)
    pages = {
        name: reverse(f"web:{name}", args=["ours", key])
        for name, key in (("finding", row.finding_id), ("ticket", row.pk))
    }
    ticket(cast, *ENDS["retired"])
    with in_workspace(cast.workspace.pk):
        event = str(Event.objects.filter(kind="inventory").latest("id").pk)
    for path in pages.values():
        text = cast.page(cast.auditor).get(path).content.decode()
        assert "Not fixed: the source cmdb no longer lists the asset." in text
        assert event in text
        assert "not fixed" in text
    for name in ("findings", "tickets"):
        path = reverse(f"web:{name}", args=["ours"])
        gone, fixed = (
            cast.page(cast.auditor).get(path, {"resolution": resolution}).content.decode()
            for resolution in ("retired", "passed")
        )
        assert (pages[name[:-1]] in gone, pages[name[:-1]] in fixed) == (True, False)
        assert "no longer reported, not fixed" in gone
    ticket(cast, ABROAD, BOUND)
    for path in pages.values():
        assert "It had not passed, so its first detection and limit still count." in (
            cast.page(cast.auditor).get(path).content.decode()
        )
    ticket(cast, *ENDS["passed"])
    for path in pages.values():
        text = cast.page(cast.auditor).get(path).content.decode()
        assert "Fixed: the check passes." in text
        assert "Not fixed:" not in text  # but for the history, which says how it had gone before


@pytest.mark.django_db(transaction=True)
def test_the_list_of_tickets_is_paged(cast: Cast) -> None:
    row = ticket(cast, ABROAD, BOUND)
    with in_workspace(cast.workspace.pk):
        number = Ticket.objects.latest("number").number
        copies = [Ticket(**fields(row) | {"number": number + place}) for place in range(1, 41)]
        for copy in copies:
            copy.finding = copy_of_finding(row, copy.number)
            copy.save(force_insert=True)
    page = cast.page(cast.auditor).get(reverse("web:tickets", args=["ours"])).content.decode()
    assert page.count('class="cell-main wide"') == 25
    assert 'rel="next"' in page


def fields(row: Ticket) -> dict[str, object]:
    return {
        "workspace_id": row.workspace_id, "title": row.title, "state": "open", "due_at": row.due_at,
        "opened_at": row.opened_at,
    }  # fmt: skip


def copy_of_finding(row: Ticket, number: int) -> object:
    """Return another finding like that of the ticket, on an asset of its own."""
    finding = type(row.finding)(
        **{field.attname: getattr(row.finding, field.attname) for field in row.finding._meta.concrete_fields}
        | {"id": None, "uid": f"copy-{number}"}
    )
    finding.pk = type(finding)._meta.pk.get_default()
    finding.save(force_insert=True)
    return finding
