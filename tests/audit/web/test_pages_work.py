"""Pages of tickets, evidence and exports: members see rows, outsiders nothing, and an auditor changes nothing."""

import logging
import re

import pytest
from django.urls import reverse

from accounts.journal.models import Statement
from accounts.workspaces.isolation import in_workspace
from audit.exports.make_export import make_exports, request_export
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


def test_an_export_says_what_becomes_of_it_and_later_when_it_was_made(cast: Cast) -> None:
    path = addresses(cast)["export"]
    waiting = cast.page(cast.officer).get(path).content.decode()
    assert "<h1>An export in the making</h1>" in waiting
    assert "asked for" in waiting
    assert "revision –" not in waiting
    make_exports(cast.workspace.pk)
    made = cast.page(cast.officer).get(path).content.decode()
    assert re.search(r"<h1>Evidence bundle of \d+ \w+ \d{4}, \d\d:\d\d</h1>", made)
    assert re.search(r"revision \d+, known", made)


def test_a_refused_page_is_one_line_in_the_log_without_a_traceback(
    cast: Cast, caplog: pytest.LogCaptureFixture
) -> None:
    client = cast.page(cast.auditor)
    caplog.clear()
    assert client.post("/w/ours/exports/").status_code == 403
    told = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert [record.exc_info for record in told] == [None]
