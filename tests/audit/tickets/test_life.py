"""A ticket follows its finding and nothing else: one each, closed by the passing verdict, reopened by the next fail."""

import datetime

import pytest

from accounts.journal.models import Statement
from accounts.workspaces.isolation import in_workspace
from accounts.workspaces.queue import Stage, push
from audit.findings.models import Finding
from audit.findings.raise_findings import raise_findings
from audit.pipeline import run_due
from audit.tickets.models import Ticket, TicketEvent
from audit.tickets.open_tickets import open_tickets
from audit.tickets.queries import history
from tests.audit.findings.estate import CHECK, customers, found, judged, lake_in
from tests.policies.evaluation.histories import Estate
from tests.support.cast import Cast
from tests.support.estate import CUSTOMERS, send_inventory

pytestmark = pytest.mark.django_db
ABROAD, AT_HOME, NOWHERE = lake_in("US"), lake_in("DE"), lake_in()


def ticket(cast: Cast, *lines: dict[str, object]) -> Ticket:
    """Send all there is, work off everything up to tickets; return the one about the data set."""
    found(cast, *lines)
    open_tickets(cast.workspace.pk)
    with in_workspace(cast.workspace.pk):
        return Ticket.objects.select_related("finding").get(finding__check_id=CHECK, finding__uid=CUSTOMERS["uid"])


def told(cast: Cast, row: Ticket) -> list[str]:
    """Return what the stage's statements say of a ticket; its own history must say the same."""
    with in_workspace(cast.workspace.pk):
        rows = Statement.objects.filter(action="audit:tickets:changed").order_by("id")
        said = [each["what"] for one in rows for each in one.body["tickets"] if each["ticket"] == str(row.pk)]
        assert [event.what for event in history(row.pk)] == said
    return said


def check_all(cast: Cast) -> None:
    """Each finding has one ticket that says what it says, and each ticket's numbers and history fit."""
    with in_workspace(cast.workspace.pk):
        tickets = {row.finding_id: row for row in Ticket.objects.all()}
        assert len(tickets) == Ticket.objects.count()
        assert sorted(row.number for row in tickets.values()) == list(range(1, len(tickets) + 1))
        findings = {row.pk: row for row in Finding.objects.all()}
        assert {key for key, row in findings.items() if row.state == "open"} <= set(tickets) <= set(findings)
        for key, row in tickets.items():
            assert (row.state == "open") == (findings[key].state == "open")
            assert row.closed_at == findings[key].resolved_at
            events = [event.what for event in history(row.pk)]
            assert events[0] == "opened"
            assert events.count("reopened") == row.reopened
            moves = [what for what in events[1:] if what != "still closed"]
            assert moves == (["closed", "reopened"] * len(events))[: len(moves)]
            assert (events[-1] in {"closed", "still closed"}) == (row.state == "closed")


def test_a_finding_opens_one_ticket_with_its_deadline(cast: Cast) -> None:
    row = ticket(cast, ABROAD, customers())
    assert (row.state, row.title, row.assignee) == ("open", f"{CHECK}: customers", None)
    assert (row.due_at, row.opened_at) == (row.finding.due_at, row.finding.detected_at)
    assert told(cast, row) == ["opened"]
    check_all(cast)


def test_the_worst_findings_of_a_batch_get_the_first_numbers(cast: Cast) -> None:
    ticket(cast, ABROAD, customers(), *Estate(21).whole())
    with in_workspace(cast.workspace.pk):
        ranks = list(Ticket.objects.order_by("number").values_list("finding__severity_rank", flat=True))
    assert len(set(ranks)) > 1
    assert ranks == sorted(ranks)


def test_the_passing_verdict_closes_it_and_the_next_fail_opens_the_same_one(cast: Cast) -> None:
    first = ticket(cast, ABROAD, customers())
    closed = ticket(cast, AT_HOME, customers())
    assert (closed.pk, closed.state, closed.closed_at) == (first.pk, "closed", closed.finding.resolved_at)
    again = ticket(cast, ABROAD, customers())
    assert (again.pk, again.number, again.state) == (first.pk, first.number, "open")
    assert (again.closed_at, again.reopened, again.due_at) == (None, 1, again.finding.due_at)
    assert again.due_at > first.due_at
    assert told(cast, again) == ["opened", "closed", "reopened"]
    check_all(cast)


def test_what_is_no_longer_known_closes_no_ticket(cast: Cast) -> None:
    ticket(cast, ABROAD, customers())
    row = ticket(cast, NOWHERE, customers())
    assert (row.state, told(cast, row)) == ("open", ["opened"])


def test_a_retired_asset_closes_it(cast: Cast) -> None:
    ticket(cast, ABROAD, customers())
    assert ticket(cast, ABROAD).state == "closed"
    check_all(cast)


def test_it_keeps_its_assignee_when_it_comes_back(cast: Cast) -> None:
    row = ticket(cast, ABROAD, customers())
    answer = cast.api["officer"].patch(f"/api/v1/tickets/{row.pk}", {"assignee": cast.engineer.email}, format="json")
    assert answer.status_code == 200
    ticket(cast, AT_HOME, customers())
    assert ticket(cast, ABROAD, customers()).assignee == cast.engineer


def test_a_finding_that_was_repaired_before_anybody_saw_it_opens_no_ticket(cast: Cast) -> None:
    for line in (ABROAD, AT_HOME):
        judged(cast, line, customers())
        raise_findings(cast.workspace.pk)
    open_tickets(cast.workspace.pk)
    with in_workspace(cast.workspace.pk):
        assert Finding.objects.get(check_id=CHECK).state == "resolved"
        assert not Ticket.objects.filter(finding__check_id=CHECK).exists()
    check_all(cast)


def everything(cast: Cast) -> tuple[list[object], int, int]:
    with in_workspace(cast.workspace.pk):
        rows: list[object] = list(Ticket.objects.order_by("pk").values())
        return rows, Statement.objects.count(), TicketEvent.objects.count()


def test_work_that_is_delivered_twice_has_its_effect_once(cast: Cast) -> None:
    for line in (ABROAD, AT_HOME, ABROAD):
        row = ticket(cast, line, customers())
    before = everything(cast)
    with in_workspace(cast.workspace.pk):
        push(Stage.OPEN, [row.finding_id, row.finding_id])
        push(Stage.OPEN, list(Finding.objects.values_list("pk", flat=True)))
    open_tickets(cast.workspace.pk)
    assert everything(cast) == before


def test_work_about_a_finding_that_is_not_there_is_done_without_a_trace(cast: Cast) -> None:
    with in_workspace(cast.workspace.pk):
        push(Stage.OPEN, [cast.workspace.pk])
    before = everything(cast)
    assert open_tickets(cast.workspace.pk) == 1
    assert everything(cast) == before


def test_two_workspaces_count_their_own_tickets(cast: Cast) -> None:
    ticket(cast, ABROAD, customers())
    send_inventory(cast.api["outsider"], ABROAD, customers())
    there = cast.elsewhere.pk
    run_due(there)
    with in_workspace(there):
        numbers = sorted(Ticket.objects.values_list("number", flat=True))
    assert numbers == list(range(1, len(numbers) + 1))
    assert numbers


def test_the_deadline_of_a_person_does_not_outlive_a_reopening(cast: Cast) -> None:
    row = ticket(cast, ABROAD, customers())
    sooner = (row.due_at - datetime.timedelta(days=5)).date()
    officer = cast.api["officer"]
    assert officer.patch(f"/api/v1/tickets/{row.pk}", {"due_at": str(sooner)}, format="json").status_code == 200
    ticket(cast, AT_HOME, customers())
    again = ticket(cast, ABROAD, customers())
    assert again.due_at == again.finding.due_at


@pytest.mark.slow
@pytest.mark.parametrize("seed", [31, 32])
def test_tickets_follow_findings_through_a_random_history(cast: Cast, seed: int) -> None:
    estate, ours = Estate(seed), cast.workspace.pk
    send_inventory(cast.api["pipeline"], *estate.whole())
    for what in ["full run", *estate.steps()]:
        estate.step(what, ours, cast.api["pipeline"])
        raise_findings(ours)
        open_tickets(ours)
        check_all(cast)
    with in_workspace(ours):
        assert Ticket.objects.filter(reopened__gt=0).exists()
        assert set(Ticket.objects.values_list("state", flat=True)) == {"open", "closed"}
