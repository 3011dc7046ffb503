"""Names come from outside: whatever they hold is shown as text, never run, and never breaks a page."""

import re
from typing import Any

import pytest
from django.urls import reverse

from accounts.workspaces.isolation import in_workspace
from audit.findings.models import Finding
from audit.pipeline import run_due
from audit.tickets.models import Ticket
from audit.web.visible import visible
from lineage.inventory.models import Asset
from tests.support.cast import Cast
from tests.support.estate import CUSTOMERS, LAKE, send_inventory
from tests.support.openlineage import dataset, post, run_event

HOSTILE = "<script>alert(1)</script>\"' onload=x {{ 7|add:7 }} {% csrf_token %} \u202etxt"
PAGES = ("overview", "findings", "verdicts", "assets", "tickets", "sources", "evidence", "exports", "members", "ask")


@pytest.fixture
def hostile(cast: Cast) -> Cast:
    """An estate whose store, dataset, owner and source carry hostile text."""
    lake = {**LAKE, "name": HOSTILE}
    told: dict[str, Any] = CUSTOMERS["attributes"]  # type: ignore[assignment]  # one of several types in a line
    customers = {**CUSTOMERS, "name": HOSTILE, "attributes": {**told, "owner": HOSTILE, "description": HOSTILE}}
    send_inventory(cast.api["pipeline"], lake, customers, source="%3Cscript%3Ealert(1)%3C%2Fscript%3E")
    run_due(cast.workspace.pk)
    return cast


def addresses(cast: Cast) -> list[str]:
    with in_workspace(cast.workspace.pk):
        rows = {
            "finding": Finding.objects.earliest("pk").pk,
            "ticket": Ticket.objects.earliest("pk").pk,
            "asset": Asset.objects.get(kind="dataset").pk,
        }
    details = [reverse(f"web:{name}", args=["ours", key]) for name, key in rows.items()]
    searched = [f"/w/ours/ask/?q={HOSTILE}", "/w/ours/ask/?q=/findings", f"/w/ours/findings/?owner={HOSTILE}"]
    return [*(reverse(f"web:{name}", args=["ours"]) for name in PAGES), *details, *searched]


def test_hostile_text_is_shown_and_not_run(hostile: Cast) -> None:
    client = hostile.page(hostile.admin)
    seen = 0
    for path in addresses(hostile):
        text = client.get(path).content.decode()
        assert "<script>alert" not in text, path
        assert "7|add:7" not in text or "{{ 7|add:7 }}" in text, path
        seen += "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert seen >= 8  # it is there, harmless


UNSEEN = (
    "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u0007\u0085\u009b"
    "\u200b\u200c\u200d\u2060\ufeff\u00ad\U000e0041"
)


def sent_back(page: str) -> str:
    """Return what the forms of a page send back, which must come back as it was."""
    return "".join(re.findall(r'value="([^"]*)"', page))


def shown(page: str) -> str:
    return re.sub(r'value="[^"]*"', "", page)


def test_what_turns_text_round_is_shown_as_an_escape_and_turns_nothing(cast: Cast) -> None:
    name = f"{UNSEEN}gnp.exe"
    send_inventory(cast.api["pipeline"], {**LAKE, "name": name}, {**CUSTOMERS, "name": name})
    run_due(cast.workspace.pk)
    client = cast.page(cast.admin)
    for path in [*addresses(cast), "/w/ours/ask/?tool=list_assets&kind=dataset", f"/w/ours/ask/?q={name}"]:
        page = shown(client.get(path).content.decode())
        assert [each for each in UNSEEN if each in page] == [], path
    with in_workspace(cast.workspace.pk):
        asset = Asset.objects.get(kind="dataset").pk
    page = client.get(f"/w/ours/assets/{asset}/").content.decode()
    title = re.search(r"<title>(.*?) ·", page)
    assert title is not None
    assert title[1] == f"{visible(name)[:119]}…", "a long name is cut, and what is left of it is shown alike"
    assert f"<h1><bdi>{visible(name)}</bdi>" in page


def test_an_answer_shows_them_as_escapes_too(cast: Cast) -> None:
    send_inventory(cast.api["pipeline"], LAKE, {**CUSTOMERS, "name": f"{UNSEEN}gnp.exe"})
    run_due(cast.workspace.pk)
    page = cast.page(cast.officer).post("/w/ours/ask/", {"q": "/assets kind:dataset"}, follow=True).content.decode()
    assert visible(f"{UNSEEN}gnp.exe") in page
    assert [each for each in UNSEEN if each in shown(page)] == []


def test_a_filter_comes_back_as_it_was_typed_and_finds_the_name(cast: Cast) -> None:
    send_inventory(cast.api["pipeline"], LAKE, {**CUSTOMERS, "name": "\u202egnp.exe"})
    run_due(cast.workspace.pk)
    page = cast.page(cast.officer).get("/w/ours/assets/?name=%E2%80%AEgnp").content.decode()
    assert "\u202egnp" in sent_back(page)
    assert "<bdi>\\u202egnp.exe</bdi>" in page


def test_joiners_stay_where_a_script_needs_them_and_are_shown_behind_latin_letters() -> None:
    persian, family = "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", "\U0001f468\u200d\U0001f469"
    assert (visible(persian), visible(family)) == (persian, family)
    assert visible("cust\u200comers") == "cust\\u200comers"
    assert visible("\u200dx\U000e0041") == "\\u200dx\\U000e0041"


def test_names_that_came_in_by_events_turn_nothing_round_either(cast: Cast) -> None:
    name = f"{UNSEEN}gnp.exe"
    event = run_event(job=name, namespace=name, inputs=[dataset(name, name)], outputs=[dataset("out", "s3://lake")])
    assert post(cast.api["pipeline"], event).status_code == 201
    run_due(cast.workspace.pk)
    client = cast.page(cast.admin)
    with in_workspace(cast.workspace.pk):
        keys = list(Asset.objects.exclude(kind="organisation").values_list("pk", flat=True))
    assert len(keys) >= 4  # job, run, both datasets, and what joins them
    for path in ["/w/ours/assets/", "/w/ours/sources/", *(f"/w/ours/assets/{key}/" for key in keys)]:
        page = shown(client.get(path).content.decode())
        assert [each for each in UNSEEN if each in page] == [], path
    rows = cast.api["officer"].get("/api/v1/assets?kind=job").json()["results"]
    assert [row["name"] for row in rows] == [name]
    assert name in {row["name"] for row in cast.api["officer"].get("/api/v1/inventory-sources").json()["results"]}


def test_the_api_and_csv_give_a_name_verbatim(cast: Cast) -> None:
    send_inventory(cast.api["pipeline"], LAKE, {**CUSTOMERS, "name": "\u202egnp.exe"})
    run_due(cast.workspace.pk)
    named = {row["name"] for row in cast.api["officer"].get("/api/v1/assets?kind=dataset").json()["results"]}
    assert named == {"\u202egnp.exe"}
    assert "\u202egnp.exe" in cast.page(cast.officer).get("/w/ours/assets.csv").getvalue().decode()


def test_a_long_name_is_shortened_in_lists_and_whole_in_the_title_and_on_its_page(cast: Cast) -> None:
    name = "x" * 2400
    send_inventory(cast.api["pipeline"], LAKE, {**CUSTOMERS, "name": name})
    run_due(cast.workspace.pk)
    client = cast.page(cast.officer)
    rows = client.get("/w/ours/assets/?kind=dataset").content.decode()
    assert f'<bdi title="{name}">{"x" * 119}…</bdi>' in rows
    with in_workspace(cast.workspace.pk):
        asset = Asset.objects.get(kind="dataset").pk
    page = client.get(f"/w/ours/assets/{asset}/").content.decode()
    assert f">{name}<" in page
    assert f'<h1><bdi title="{name}">{"x" * 199}…</bdi>' in page


def test_a_key_is_shown_as_people_read_it_and_can_be_copied_as_it_is(cast: Cast) -> None:
    send_inventory(cast.api["pipeline"], LAKE, CUSTOMERS)
    run_due(cast.workspace.pk)
    client = cast.page(cast.officer)
    assert "s3://lake/customers" in client.get("/w/ours/assets/?kind=dataset").content.decode()
    with in_workspace(cast.workspace.pk):
        asset = Asset.objects.get(kind="dataset").pk
    page = client.get(f"/w/ours/assets/{asset}/").content.decode()
    assert '<code id="asset-uid">s3%3A%2F%2Flake/customers</code>' in page
    assert '<span class="code breaks"><bdi>s3://lake/customers</bdi></span>' in page


def test_a_spreadsheet_runs_nothing_of_the_csv(cast: Cast) -> None:
    send_inventory(cast.api["pipeline"], LAKE, {**CUSTOMERS, "name": "=cmd|' /C calc'!A0"})
    run_due(cast.workspace.pk)
    answer = cast.page(cast.officer).get("/w/ours/findings.csv")
    text = answer.getvalue().decode()
    assert "'=cmd|" in text
    assert ",=cmd|" not in text


def test_a_nul_or_a_broken_id_in_the_address_is_no_error_of_ours(hostile: Cast) -> None:
    client = hostile.page(hostile.officer)
    for path in ("findings/?owner=%00", "assets/?name=%00", "assets/?source=x", "ask/?q=%00", "verdicts/?check=%00"):
        assert client.get(f"/w/ours/{path}").status_code < 500, path
