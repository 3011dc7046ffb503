"""The Lineage page in a real browser: search, look around, light up a path, send the view to another, use the keys."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from tests.e2e.browser import LOOKS, chromium, look_at, sign_in
from tests.support.cast import PASSWORD, Cast
from tests.support.estate import send_inventory
from tests.support.flow import asset, send_and_project
from tests.support.openlineage import dataset, facet, new_run, run_event

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]
HOSTILE = "<img src=x onerror=alert(1)>\u202etxt"


def step(source: str, target: str) -> dict[str, object]:
    masking = [{"type": "DIRECT", "subtype": "TRANSFORMATION", "masking": source == "raw"}]
    field = {"namespace": "postgres://db:5432", "name": source, "field": "id", "transformations": masking}
    columns = facet(fields={"key": {"inputFields": [field]}})
    return run_event(
        job=f"{source} to {target}",
        run=new_run(),
        inputs=[dataset(source)],
        outputs=[dataset(target, columnLineage=columns)],
    )


@dataclass(frozen=True)
class Estate:
    """Who is there, and the ids of datasets: asked for before the browser opens, for then this process asks no more."""

    cast: Cast
    ids: dict[str, str]


@pytest.fixture
def estate(cast: Cast) -> Estate:
    """raw -> staged -> customers -> report, and customers feeds 25 copies and something with a hostile name."""
    chain = ["raw", "staged", "customers", "report"]
    events = [step(*pair) for pair in pairwise(chain)]
    events += [step("customers", f"copy{at:02}") for at in range(25)]
    send_and_project(cast.workspace.pk, [*events, step("customers", HOSTILE)])
    lake = {"kind": "storage", "uid": "lake", "attributes": {"country": "US", "lineage_namespaces": ["postgres://"]}}
    send_inventory(cast.api["pipeline"], lake)
    return Estate(cast, {name: str(asset(cast.workspace.pk, "dataset", name).pk) for name in chain})


@pytest.fixture(params=LOOKS, ids=[look.name for look in LOOKS])
def page(request: pytest.FixtureRequest, cast: Cast, live_server: LiveServer) -> Iterator[Page]:
    """A page in each look; nothing may have been written to its console in the end."""
    said: list[str] = []
    with chromium() as browser, look_at(browser, live_server.url, request.param) as opened:
        opened.on("console", lambda message: said.append(message.text))
        opened.on("pageerror", lambda error: said.append(str(error)))
        yield opened
    assert said == []


def drawn(page: Page) -> set[str]:
    """Return the names in the drawing, once it stands."""
    page.wait_for_selector("[data-canvas][data-ready]")
    return set(page.evaluate("lineage.nodes().map((node) => node.data('name'))"))


def listed(page: Page) -> int:
    return page.locator("#lineage-nodes tbody tr").count()


def test_a_reader_searches_looks_around_and_sends_the_view(estate: Estate, page: Page, tmp_path: Path) -> None:
    ids = {name: estate.ids[name] for name in ("raw", "staged", "customers")}
    sign_in(page, estate.cast.auditor.email, PASSWORD)
    page.goto("/w/ours/lineage/")
    page.get_by_role("searchbox", name="Dataset or job").press_sequentially("custom")
    page.locator("[data-hit]").filter(has_text="customers").first.click()
    page.wait_for_selector("[data-canvas][data-ready]")
    before = listed(page)
    assert len(drawn(page)) == before
    page.locator("#lineage-nodes a[data-view]", has_text="more downstream").first.click()
    expect(page.locator("#lineage-nodes tbody tr")).to_have_count(before + 7)
    assert len(drawn(page)) == before + 7
    assert any("\\u202etxt" in name for name in drawn(page)), "shown as text, turned round by nothing"

    canvas = page.locator("[data-canvas]")
    canvas.focus()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    expect(page.locator("#status")).to_contain_text("staged")
    page.keyboard.press("Enter")
    expect(page.locator("[data-panel]")).to_contain_text("staged")
    page.keyboard.press("Escape")
    expect(page.locator("[data-panel]")).to_be_hidden()
    page.keyboard.press("ArrowLeft")
    assert parse_qs(urlsplit(page.url).query)["select"] == [ids["raw"]]

    link, view = page.url, drawn(page)
    page.goto("/w/ours/")
    page.goto(link)
    assert drawn(page) == view
    expect(page.locator("[data-panel]")).to_contain_text("raw")

    page.goto(f"/w/ours/lineage/?asset={ids['customers']}&path={','.join(ids.values())}")
    drawn(page)
    assert page.evaluate("lineage.edges('[?lit]').map((edge) => edge.data('to_name')).sort()") == [
        "customers",
        "staged",
    ]
    expect(page.locator(".lineage-path")).to_contain_text("staged")
    with page.expect_download() as saved:
        page.get_by_role("button", name="SVG").click()
    saved.value.save_as(tmp_path / "lineage.svg")
    assert "staged" in (tmp_path / "lineage.svg").read_text()
    with page.expect_download() as saved:
        page.get_by_role("button", name="PNG").click()
    saved.value.save_as(tmp_path / "lineage.png")
    assert (tmp_path / "lineage.png").read_bytes().startswith(b"\x89PNG")


def test_groups_columns_and_time_are_views_with_addresses(estate: Estate, page: Page) -> None:
    customers = estate.ids["customers"]
    sign_in(page, estate.cast.officer.email, PASSWORD)
    page.goto(f"/w/ours/lineage/?asset={customers}")
    drawn(page)
    page.get_by_label("Collapse").select_option("namespace")
    expect(page).to_have_url(re.compile("collapse=namespace"))
    expect(page.locator("#lineage-nodes")).to_contain_text("namespace of 29")
    assert drawn(page) == {"customers", "postgres://db:5432"}
    page.get_by_role("link", name="open the group").click()
    expect(page.locator("#lineage-nodes")).not_to_contain_text("namespace of")
    page.go_back()
    expect(page.locator("#lineage-nodes")).to_contain_text("namespace of 29")
    page.goto(f"/w/ours/lineage/?asset={customers}")
    page.get_by_role("link", name="its columns").first.click()
    expect(page.locator("#lineage-columns")).to_contain_text("key")
    page.locator("#id_rev").fill("0")
    expect(page.locator("#lineage-nodes tbody tr")).to_have_count(1)
    expect(page).to_have_url(re.compile("rev=0"))
    assert json.loads(page.locator("#lineage-data").text_content() or "")["edges"] == []


def test_the_panel_of_a_flow_says_whether_its_masking_counts(estate: Estate, page: Page) -> None:
    sign_in(page, estate.cast.auditor.email, PASSWORD)
    page.goto(f"/w/ours/lineage/?asset={estate.ids['raw']}&up=0&down=1")
    drawn(page)
    page.evaluate("lineage.edges()[0].emit('tap')")
    panel = page.locator("[data-panel]")
    expect(panel).to_contain_text("masked, as columnLineage declares; not approved, so it changes nothing")
    expect(panel).to_contain_text("in 1 run")
    expect(panel).not_to_contain_text("in 1 runs")
