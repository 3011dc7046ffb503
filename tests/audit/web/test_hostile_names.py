"""Names come from outside: whatever they hold is shown as text, never run, and never breaks a page."""

from typing import Any

import pytest
from django.urls import reverse

from accounts.workspaces.isolation import in_workspace
from audit.findings.models import Finding
from audit.pipeline import run_due
from audit.tickets.models import Ticket
from lineage.inventory.models import Asset
from tests.support.cast import Cast
from tests.support.estate import CUSTOMERS, LAKE, send_inventory

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
