"""What people come for, in a real browser: sign in, see where we stand, follow a finding to its proof, ask, begin.

Run by `make e2e`, not by `make test`. While the browser is open this process asks the database nothing: playwright runs
an event loop here, and Django refuses to block one. What has to be worked off meanwhile is done by a real worker.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.members.models import User
from audit.pipeline import run_due
from tests.e2e.browser import LOOKS, chromium, look_at, sign_in
from tests.support.cast import PASSWORD, Cast
from tests.support.estate import CUSTOMERS, LAKE, judged_estate
from tests.support.worker import running_worker

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def judged(cast: Cast) -> Cast:
    """Our workspace with data bound to Germany in a store in the United States, judged and sealed."""
    judged_estate(cast)
    run_due(cast.workspace.pk)
    return cast


@pytest.fixture
def newcomer(cast: Cast) -> User:
    """Somebody who can sign in and is a member of nothing yet."""
    return User.objects.create_user("newcomer@new.example", PASSWORD)


@pytest.fixture(params=LOOKS[:2], ids=[look.name for look in LOOKS[:2]])
def page(request: pytest.FixtureRequest, cast: Cast, newcomer: User, live_server: LiveServer) -> Iterator[Page]:
    """A page in light or dark; nothing may have been written to its console in the end."""
    said: list[str] = []
    with chromium() as browser, look_at(browser, live_server.url, request.param) as opened:
        opened.on("console", lambda message: said.append(message.text))
        opened.on("pageerror", lambda error: said.append(str(error)))
        yield opened
    assert said == []


def test_an_officer_signs_in_and_sees_where_we_stand(judged: Cast, page: Page) -> None:
    page.goto("/")
    expect(page).to_have_url(re.compile("/accounts/login/"))
    sign_in(page, judged.officer.email, PASSWORD)
    expect(page).to_have_url(re.compile(r"/w/ours/$"))
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.get_by_role("main")).to_contain_text("Data sovereignty and residency")


def test_a_wrong_password_lets_nobody_in(judged: Cast, page: Page) -> None:
    sign_in(page, judged.officer.email, "wrong")
    expect(page.get_by_role("alert")).to_be_visible()
    page.goto("/w/ours/")
    expect(page).to_have_url(re.compile("/accounts/login/"))


def test_a_finding_leads_to_its_sealed_statement(judged: Cast, page: Page) -> None:
    sign_in(page, judged.auditor.email, PASSWORD)
    page.get_by_role("link", name="Findings").first.click()
    page.locator("a[data-row]").filter(has_text="customers").or_(page.locator("a[data-row]")).first.click()
    expect(page.get_by_role("main")).to_contain_text("SOV-04")
    page.locator(".proof a[href*='/evidence/']").first.click()
    expect(page).to_have_url(re.compile(r"/evidence/[0-9a-f-]{36}/"))
    expect(page.get_by_role("main")).to_contain_text("customers")
    expect(page.get_by_role("main")).to_contain_text("Self-signed: the operator could have rewritten this")


def test_a_slash_command_is_answered_from_the_box_of_any_page(judged: Cast, page: Page) -> None:
    sign_in(page, judged.officer.email, PASSWORD)
    page.keyboard.press("/")
    page.keyboard.type("/findings family:sovereignty")
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_contain_text("SOV-04")
    expect(page.get_by_role("main").locator("a[href*='/w/ours/findings/']").first).to_be_visible()


def test_a_newcomer_comes_from_nothing_to_the_first_verdicts(newcomer: User, page: Page, tmp_path: Path) -> None:
    inventory = tmp_path / "assets.ndjson"
    inventory.write_text(f"{json.dumps(LAKE)}\n{json.dumps(CUSTOMERS)}\n")
    with running_worker(tmp_path / "worker.log"):
        sign_in(page, newcomer.email, PASSWORD)
        page.get_by_role("link", name="workspace").first.click()
        page.get_by_label("Name", exact=True).fill("New bank")
        page.get_by_label("Short name").fill("newbank")
        page.get_by_role("button", name="Make the workspace").click()
        page.get_by_role("link", name="Go on").click()
        page.locator("main input[name=name]").fill("airflow")
        page.get_by_role("button", name="Make the token").click()
        expect(page.get_by_role("main")).to_contain_text("OPENLINEAGE_API_KEY=al_")
        page.get_by_role("link", name="Go on").click()
        page.locator("input[type=file]").set_input_files(inventory)
        page.locator("input[name=source]").fill("cmdb")
        page.get_by_role("button", name="Send it").click()
        expect(page.get_by_role("main")).to_contain_text("2 of 2 rows kept", timeout=60_000)
        page.get_by_role("link", name="See what was kept").click()
        page.get_by_role("link", name="See the first verdicts").click()
        judging_is_over = page.get_by_role("link", name="Show the verdicts")
        first_verdict = page.get_by_role("link", name="SOV-04")
        expect(judging_is_over.or_(first_verdict).first).to_be_visible(timeout=60_000)
        page.reload()
        expect(page.get_by_role("main")).to_contain_text("SOV-04")
