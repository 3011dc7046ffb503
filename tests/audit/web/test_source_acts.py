"""The page Sources asks whether what a full inventory leaves out is gone; members answer by their rights."""

import pytest
from django.test import Client

from accounts.workspaces.isolation import in_workspace
from lineage.inventory.models import Retirement
from tests.lineage.inventory.test_retire import asked, full, live
from tests.support.cast import Cast

pytestmark = pytest.mark.django_db(transaction=True)

SOURCES = "/w/ours/sources/"


@pytest.fixture
def half(cast: Cast) -> Cast:
    """A source that had named 60 vendors, and now names 30 of them."""
    full(cast, range(60), 1)
    full(cast, range(30), 2)
    return cast


def text(page: Client, address: str = SOURCES) -> str:
    return " ".join(page.get(address).content.decode().split())


def question(cast: Cast) -> str:
    with in_workspace(cast.workspace.pk):
        return str(Retirement.objects.get().pk)


def test_the_page_says_how_much_is_missing_and_names_some(half: Cast) -> None:
    said = text(half.page(half.auditor))
    assert "30 of 60 assets missing" in said
    assert "v30" in said
    assert "and 20 more" in said


def test_the_overview_says_so_too(half: Cast) -> None:
    assert "no longer names 30 of 60 assets" in text(half.page(half.auditor), "/w/ours/")


def test_an_engineer_proposes_and_an_officer_approves(half: Cast) -> None:
    sent = half.page(half.engineer).post(f"{SOURCES}retirements/{question(half)}/confirm/", {"reason": "Closed."})
    assert sent.status_code == 302
    said = text(half.page(half.engineer))
    assert "it is decided on the page" in said
    assert "Propose that they are gone" not in said
    assert live(half) == 60
    assert "Confirm that much is gone" in text(half.page(half.officer), "/w/ours/approvals/")


def test_an_officer_dismisses_it(half: Cast) -> None:
    page = half.page(half.officer)
    address = f"{SOURCES}retirements/{question(half)}/dismiss/"
    assert "It is dismissed: what cmdb said of 30 assets stays." in page.post(address, follow=True).content.decode()
    assert [each["state"] for each in asked(half, "dismissed")] == ["dismissed"]
    assert "already, so there is nothing to dismiss" in page.post(address, follow=True).content.decode()
    assert "missing" not in text(page)


def test_an_auditor_reads_and_is_offered_nothing(half: Cast) -> None:
    said = text(half.page(half.auditor))
    assert "Propose that they are gone" not in said
    assert "Dismiss" not in said
    answer = half.page(half.auditor).post(f"{SOURCES}retirements/{question(half)}/dismiss/")
    assert answer.status_code == 403


def test_outsider_cannot_see_that_the_question_exists(half: Cast) -> None:
    answer = half.page(half.outsider).post(f"{SOURCES}retirements/{question(half)}/dismiss/")
    assert answer.status_code == 404
    assert len(asked(half)) == 1
