"""The page Kinds in a real browser: readable in light, dark and on a telephone, and usable by keyboard."""

from pathlib import Path

import pytest
from playwright.sync_api import expect
from pytest_django.live_server_helper import LiveServer

from audit.pipeline import run_due
from tests.e2e.browser import LOOKS, chromium, look_at, sign_in
from tests.e2e.shots import shoot
from tests.support.cast import PASSWORD, Cast
from tests.support.declared import PUMP, SEATS, TIER, declare, propose
from tests.support.estate import send_inventory

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]
PAGE = "/w/ours/kinds/"


def test_the_pages_fit_their_window_and_say_nothing_to_the_console(
    cast: Cast, live_server: LiveServer, tmp_path: Path
) -> None:
    declare(cast, {"kind": "storage", "attributes": [TIER, SEATS]})
    declare(cast, PUMP)
    declare(cast, {"kind": "storage", "retire": ["seats"]})
    assert propose(cast, {"kind": "vendor", "attributes": [TIER]}).status_code == 201
    pumps = [{"kind": "pump", "uid": f"p{n}", "attributes": {"flow_litres": n}} for n in range(3)]
    send_inventory(cast.api["pipeline"], *pumps)
    run_due(cast.workspace.pk)
    with chromium() as browser:
        for look in LOOKS:
            with look_at(browser, live_server.url, look) as page:
                sign_in(page, cast.officer.email, PASSWORD)
                for name, path in (("kinds", PAGE), ("assets", "/w/ours/assets/?kind=pump&where=flow_litres%3E%3D1")):
                    page.set_viewport_size({"width": look.width, "height": look.height})
                    assert shoot(page, path, tmp_path / f"{name}.{look.name}.png", whole=True) == []


def test_officer_declares_an_attribute_by_keyboard(cast: Cast, live_server: LiveServer) -> None:
    with chromium() as browser, look_at(browser, live_server.url, LOOKS[0]) as page:
        sign_in(page, cast.officer.email, PASSWORD)
        page.goto(PAGE)
        form = page.get_by_role("region", name="Declare an attribute")
        form.get_by_label("Kind").select_option("storage")
        form.get_by_label("Name").fill("data_tier")
        form.get_by_label("Type").select_option("string")
        form.get_by_label("Meaning").fill("gold or bronze")
        form.get_by_label("Reason").fill("We judge by it.")
        form.get_by_role("button", name="Propose").press("Enter")
        waiting = page.get_by_role("region", name="Proposals that wait")
        expect(waiting).to_contain_text("storage gets the attribute data_tier (string): gold or bronze.")
