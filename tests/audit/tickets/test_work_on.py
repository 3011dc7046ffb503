"""People work on tickets: who may, within which limits, and each act in the journal with who did it."""

import datetime
from typing import Any

import pytest
from django.utils import timezone

from accounts.journal.models import Statement
from accounts.members.manage import add_member, remove_member
from accounts.members.models import Membership
from accounts.workspaces.isolation import in_workspace
from audit.tickets import queries
from audit.tickets.models import Ticket, TicketEvent
from tests.audit.findings.estate import CHECK
from tests.policies.evaluation.histories import Estate
from tests.support.cast import Cast
from tests.support.estate import CUSTOMERS, judged_estate, send_inventory

pytestmark = pytest.mark.django_db
PATH = "/api/v1/tickets"
DAY = datetime.timedelta(days=1)


@pytest.fixture
def ticket(cast: Cast) -> Ticket:
    send_inventory(cast.api["pipeline"], *Estate(21).whole())
    judged_estate(cast)
    with in_workspace(cast.workspace.pk):
        return Ticket.objects.select_related("finding").get(finding__check_id=CHECK, finding__uid=CUSTOMERS["uid"])


def patch(cast: Cast, ticket: Ticket, role: str = "officer", **change: object) -> Any:
    return cast.api[role].patch(f"{PATH}/{ticket.pk}", change, format="json")


def acts(cast: Cast) -> list[tuple[str, dict[str, Any]]]:
    with in_workspace(cast.workspace.pk):
        rows = Statement.objects.filter(action="audit:ticket:assigned").order_by("id")
        return [(row.actor, row.body) for row in rows]


def state(cast: Cast, ticket: Ticket) -> tuple[Any, ...]:
    with in_workspace(cast.workspace.pk):
        row = Ticket.objects.filter(pk=ticket.pk).values().get()
        return row, TicketEvent.objects.count(), Statement.objects.count()


@pytest.mark.parametrize("role", ["officer", "engineer", "admin"])
def test_who_works_gives_it_to_a_member_and_the_journal_says_so(cast: Cast, ticket: Ticket, role: str) -> None:
    answer = patch(cast, ticket, role, assignee="Engineer@Ours.Example")
    assert (answer.status_code, answer.json()["assignee"]) == (200, "engineer@ours.example")
    actor = f"member:{getattr(cast, role).pk}"
    assert acts(cast) == [
        (actor, {"ticket": str(ticket.pk), "what": "assigned", "detail": "engineer@ours.example"}),
    ]
    with in_workspace(cast.workspace.pk):
        newest = list(queries.history(ticket.pk))[-1]
    assert (newest.what, newest.actor, newest.detail) == ("assigned", actor, "engineer@ours.example")


def test_the_same_person_or_day_again_leaves_no_second_act(cast: Cast, ticket: Ticket) -> None:
    day = str(ticket.finding.due_at.date() - 3 * DAY)
    for change in ({"assignee": cast.engineer.email}, {"due_at": day}, {"assignee": ""}):
        patch(cast, ticket, **change)
        before = state(cast, ticket)
        assert patch(cast, ticket, **change).status_code == 200
        assert state(cast, ticket) == before
    assert [body["what"] for _, body in acts(cast)] == ["assigned", "due date set", "assigned"]


def test_it_is_taken_back_from_everybody(cast: Cast, ticket: Ticket) -> None:
    patch(cast, ticket, assignee=cast.engineer.email)
    assert patch(cast, ticket, assignee="").json()["assignee"] == ""
    assert [body["detail"] for _, body in acts(cast)] == ["engineer@ours.example", "nobody"]


@pytest.mark.parametrize(("role", "status"), [("auditor", 403), ("pipeline", 403), ("outsider", 404), ("nobody", 401)])
def test_who_does_not_work_changes_nothing(cast: Cast, ticket: Ticket, role: str, status: int) -> None:
    before = state(cast, ticket)
    assert patch(cast, ticket, role, assignee="").status_code == status
    assert patch(cast, ticket, role, due_at=str(timezone.now().date() + DAY)).status_code == status
    assert state(cast, ticket) == before


@pytest.mark.parametrize(
    ("role", "detail", "listed"), [("auditor", 200, 200), ("pipeline", 403, 403), ("outsider", 404, 200)]
)
def test_who_reads_what(cast: Cast, ticket: Ticket, role: str, detail: int, listed: int) -> None:
    assert cast.api[role].get(f"{PATH}/{ticket.pk}").status_code == detail
    answer = cast.api[role].get(PATH)
    assert answer.status_code == listed
    if role == "outsider":
        assert answer.json()["results"] == []


@pytest.mark.parametrize("email", ["outsider@elsewhere.example", "who@ours.example", "no address"])
def test_it_is_given_to_nobody_outside_of_the_workspace(cast: Cast, ticket: Ticket, email: str) -> None:
    before = state(cast, ticket)
    answer = patch(cast, ticket, assignee=email)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "ticket_refused")
    assert state(cast, ticket) == before


def test_outsider_as_an_assignee_is_told_like_anybody_unknown(cast: Cast, ticket: Ticket) -> None:
    messages = {
        patch(cast, ticket, assignee=email).json()["error"]["message"].replace(email, "")
        for email in ("outsider@elsewhere.example", "who@ours.example")
    }
    assert len(messages) == 1  # else it tells who has a login in another workspace


def test_a_member_who_left_gets_no_more_work(cast: Cast, ticket: Ticket) -> None:
    with in_workspace(cast.workspace.pk):
        remove_member(Membership.objects.get(workspace=cast.workspace, user=cast.engineer), actor="command")
    assert patch(cast, ticket, assignee=cast.engineer.email).status_code == 400
    with in_workspace(cast.workspace.pk):
        add_member(cast.engineer.email, "engineer", actor="command")
    assert patch(cast, ticket, assignee=cast.engineer.email).status_code == 200


def test_a_day_is_set_until_its_end_and_the_journal_says_so(cast: Cast, ticket: Ticket) -> None:
    day = ticket.finding.due_at.date() - 3 * DAY
    answer = patch(cast, ticket, "engineer", due_at=str(day))
    assert answer.status_code == 200
    assert answer.json()["due_at"].startswith(f"{day}T23:59:59")
    said = {"ticket": str(ticket.pk), "what": "due date set", "detail": str(day), "due_at": f"{day}T23:59:59Z"}
    assert acts(cast) == [(f"member:{cast.engineer.pk}", said)]


def test_the_days_from_today_to_the_findings_own_limit_may_be_set(cast: Cast, ticket: Ticket) -> None:
    today, limit = timezone.now().date(), ticket.finding.due_at.date()
    assert patch(cast, ticket, due_at=str(today)).status_code == 200
    assert patch(cast, ticket, due_at=str(limit)).status_code == 200
    with in_workspace(cast.workspace.pk):
        assert Ticket.objects.get(pk=ticket.pk).due_at <= ticket.finding.due_at
    before = state(cast, ticket)
    for day, said in ((today - DAY, "has passed"), (limit + DAY, f"expected {limit} at the latest")):
        answer = patch(cast, ticket, due_at=str(day))
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "ticket_refused")
        assert said in answer.json()["error"]["message"]
    assert state(cast, ticket) == before


def test_of_two_changes_none_is_made_where_one_is_refused(cast: Cast, ticket: Ticket) -> None:
    before = state(cast, ticket)
    late = ticket.finding.due_at.date() + DAY
    assert patch(cast, ticket, assignee=cast.engineer.email, due_at=str(late)).status_code == 400
    assert state(cast, ticket) == before


@pytest.mark.parametrize("change", [{"state": "closed"}, {"closed_at": "2026-11-01T00:00:00Z"}, {"asignee": "x"}])
def test_only_the_passing_verdict_closes_it_and_who_tries_is_told(
    cast: Cast, ticket: Ticket, change: dict[str, str]
) -> None:
    before = state(cast, ticket)
    answer = patch(cast, ticket, "admin", **change)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "unknown_field")
    assert f"got {next(iter(change))!r}, expected assignee, due_at" in answer.json()["error"]["message"]
    assert state(cast, ticket) == before


def test_a_body_that_is_no_object_is_told(cast: Cast, ticket: Ticket) -> None:
    for body in ([], [{"assignee": ""}], "x"):
        answer = cast.api["officer"].patch(f"{PATH}/{ticket.pk}", body, format="json")
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid")


@pytest.mark.parametrize("due", ["soon", "2026-13-01", "", None])
def test_what_is_no_day_is_told_by_field(cast: Cast, ticket: Ticket, due: object) -> None:
    answer = patch(cast, ticket, due_at=due)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid")
    assert set(answer.json()["error"]["details"]) == {"due_at"}


def test_tickets_are_listed_by_day_and_counted_alike(cast: Cast, ticket: Ticket) -> None:
    patch(cast, ticket, due_at=str(timezone.now().date() + DAY), assignee=cast.engineer.email)
    rows = cast.api["auditor"].get(PATH, {"state": "open"}).json()["results"]
    assert rows[0]["id"] == str(ticket.pk)
    assert [row["due_at"] for row in rows] == sorted(row["due_at"] for row in rows)
    critical = cast.api["auditor"].get(PATH, {"severity": "critical"}).json()["results"]
    assert {row["id"] for row in critical} == {row["id"] for row in rows if row["severity"] == "critical"}
    assert cast.api["auditor"].get(PATH, {"state": "done"}).status_code == 400
    now = timezone.now()
    with in_workspace(cast.workspace.pk):
        assert queries.open_ticket_count() == len(rows) > 1
        counted = queries.due_counts(now + 3 * DAY, now + 200 * DAY)
        assert counted == {"open": len(rows), "overdue": 1, "soon": len(rows)}
        assert [row.pk for row in queries.tickets(assignee=cast.engineer.pk)] == [ticket.pk]
        assert queries.tickets(unassigned=True).count() == len(rows) - 1
        assert set(queries.tickets_of([ticket.finding_id])) == {ticket.finding_id}
