"""The page of retention in a real browser: readable in light, dark and on a telephone, and usable by keyboard."""

from pathlib import Path

import pytest
from playwright.sync_api import expect
from pytest_django.live_server_helper import LiveServer

from accounts.workspaces.isolation import in_workspace
from audit.evidence.seal import seal_statements
from lineage.retention.models import Deletion
from tests.e2e.browser import LOOKS, Look, chromium, look_at, sign_in
from tests.e2e.shots import shoot
from tests.support.cast import PASSWORD, Cast
from tests.support.retention import delete_all, hold, keep_for, old_event, release

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]
PAGE = "/w/ours/retention/"


@pytest.fixture
def estate(cast: Cast) -> str:
    """Rules, holds, a proposal and a deletion; return the id of the deletion."""
    with in_workspace(cast.workspace.pk):
        keep_for(10)
        for _ in range(3):
            old_event()
        delete_all()
        hold("namespace", namespace="s3://lake-eu/a-rather-long-prefix/of-one-team/and-its-archive")
        release(hold("sender", sender="token:a"))
        keep_for(365, kind="job", data_class="personal")
        old_event(), old_event(kind="job", days=400)
        deletion = Deletion.objects.get().pk
    proposal = {"kind": "run", "days": 30, "reason": "Storage limitation, as our records of processing say."}
    assert cast.api["officer"].post("/api/v1/retention-rules", proposal, "json").status_code == 201
    seal_statements(cast.workspace.pk)
    return str(deletion)


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: look.name)
def test_both_pages_fit_their_window_and_say_nothing_to_the_console(
    cast: Cast, estate: str, live_server: LiveServer, tmp_path: Path, look: Look
) -> None:
    with chromium() as browser, look_at(browser, live_server.url, look) as page:
        sign_in(page, cast.officer.email, PASSWORD)
        for name, path in (("list", PAGE), ("deletion", f"{PAGE}deletions/{estate}/")):
            page.set_viewport_size({"width": look.width, "height": look.height})
            assert shoot(page, path, tmp_path / f"retention-{name}.{look.name}.png", whole=True) == []


def test_officer_proposes_a_rule_and_admin_approves_it(cast: Cast, live_server: LiveServer) -> None:
    with chromium() as browser:
        with look_at(browser, live_server.url, LOOKS[0]) as page:
            sign_in(page, cast.officer.email, PASSWORD)
            page.goto(PAGE)
            page.get_by_label("Days to keep").fill("365")
            form = page.get_by_role("region", name="Set a rule")
            form.get_by_label("Reason").fill("Storage limitation.")
            form.get_by_role("button", name="Propose").press("Enter")
            expect(page.get_by_role("region", name="Proposals that wait")).to_contain_text("for 365 days")
        with look_at(browser, live_server.url, LOOKS[0]) as page:
            sign_in(page, cast.admin.email, PASSWORD)
            page.goto(PAGE)
            page.get_by_role("link", name="Decide on the page Approvals").click()
            page.get_by_role("button", name="Approve : Set a retention rule").click()
            page.goto(PAGE)
            expect(page.get_by_role("region", name="Rules in force")).to_contain_text("365 days")
