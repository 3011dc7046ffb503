"""Pages of tickets, evidence and exports: members see rows, outsiders nothing, and an auditor changes nothing."""

import pytest
from django.urls import reverse

from accounts.journal.models import Statement
from accounts.workspaces.isolation import in_workspace
from audit.exports.make_export import request_export
from audit.exports.models import Export
from audit.tickets.models import Ticket
from tests.support.cast import Cast
from tests.support.estate import judged_estate

pytestmark = pytest.mark.django_db(transaction=True)


def addresses(cast: Cast) -> dict[str, str]:
    """Return the address of each page, with a row behind every detail."""
    judged_estate(cast)
    with in_workspace(cast.workspace.pk):
        ids = {
            "ticket": Ticket.objects.earliest("number").pk,
            "statement": Statement.objects.latest("pk").pk,
            "export": request_export(actor="command").pk,
        }
    details = {name: reverse(f"web:{name}", args=["ours", key]) for name, key in ids.items()}
    return details | {name: reverse(f"web:{name}", args=["ours"]) for name in ("tickets", "evidence", "exports")}


def test_an_officer_sees_every_page_with_its_rows_and_an_outsider_none(cast: Cast) -> None:
    pages = addresses(cast)
    for name, path in pages.items():
        answer = cast.page(cast.officer).get(path)
        assert answer.status_code == 200, name
        assert cast.page(cast.outsider).get(path).status_code == 404, name
        if f"{name}s" in pages:
            assert path in cast.page(cast.officer).get(pages[f"{name}s"]).content.decode(), name
    assert pages["statement"] in cast.page(cast.officer).get(pages["evidence"]).content.decode()


def test_an_auditor_changes_nothing(cast: Cast) -> None:
    pages = addresses(cast)
    with in_workspace(cast.workspace.pk):
        before = Export.objects.count()
    for path in (
        f"{pages['ticket']}assign/",
        f"{pages['ticket']}due/",
        pages["exports"],
        f"{pages['exports']}schedules/",
    ):
        assert cast.page(cast.auditor).post(path).status_code == 403, path
    with in_workspace(cast.workspace.pk):
        assert Export.objects.count() == before


def test_an_officer_assigns_a_ticket(cast: Cast) -> None:
    pages = addresses(cast)
    answer = cast.page(cast.officer).post(f"{pages['ticket']}assign/", {"assignee": cast.engineer.email})
    assert answer.status_code == 302
    with in_workspace(cast.workspace.pk):
        assert Ticket.objects.filter(assignee=cast.engineer).count() == 1
