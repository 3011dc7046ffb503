"""A source of whose inventory not all arrived, or that fell silent, is told wherever its rows are (promise 12)."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from zipfile import ZipFile

import pytest
from django.utils import timezone

from accounts.workspaces.isolation import in_workspace
from audit.pipeline import run_due
from lineage.inventory.models import Source
from lineage.inventory.population import NAMED, gap_notes
from tests.audit.exports.bundles import export
from tests.lineage.inventory.door import ndjson, row, send
from tests.support.cast import Cast
from tests.support.estate import judged_estate

pytestmark = pytest.mark.django_db(transaction=True)

TOLD = "Incomplete: assets-db (announced 7, 2 arrived). What is held back is not counted here."
PLACES = ("assets", "findings", "verdicts", "tickets")


def announce(cast: Cast, count: int, source: str = "assets-db", kind: str = "vendor") -> None:
    manifest = {"manifest": {"count": count, "generated_at": "2026-01-01T00:00:00Z"}}
    body = ndjson(manifest, row(kind, "one"), row(kind, "two"))
    assert send(cast.api["pipeline"], body, source=source, mode="full").status_code == 201
    run_due(cast.workspace.pk)


@pytest.fixture
def short(cast: Cast) -> Cast:
    """An estate of which one source announced seven vendors, and two arrived."""
    judged_estate(cast)
    announce(cast, 7)
    return cast


def ask(cast: Cast, text: str) -> Any:
    answer = cast.api["officer"].post("/api/v1/questions", {"text": text}, format="json").json()
    assert answer["grounded"], answer
    return answer


def fall_silent(cast: Cast, name: str = "assets-db") -> None:
    with in_workspace(cast.workspace.pk):
        Source.objects.filter(name=name).update(
            expected_every_hours=1, last_seen_at=timezone.now() - timedelta(hours=9)
        )


@pytest.mark.parametrize(
    "text", ["/assets vendor", "/assets", "/findings", "/verdicts", "/posture", "/tickets", "/sources", "/changes",
             "/will-fail days:30"],
)  # fmt: skip
def test_every_answer_that_may_rest_on_an_incomplete_source_says_so(short: Cast, text: str) -> None:
    assert TOLD in ask(short, text)["notes"]


@pytest.mark.parametrize("text", ["/assets dataset", "/checks residency"])
def test_an_answer_that_does_not_rest_on_it_says_nothing(short: Cast, text: str) -> None:
    assert TOLD not in ask(short, text)["notes"]


def test_what_arrives_whole_ends_the_note(short: Cast) -> None:
    announce(short, 2)
    assert ask(short, "/assets vendor")["notes"] == []
    assert "0 are incomplete" in ask(short, "/sources")["sentence"]


def test_an_answer_about_what_a_silent_source_reports_says_so(short: Cast) -> None:
    announce(short, 2)
    fall_silent(short)
    (note,) = ask(short, "/assets vendor")["notes"]
    assert note.startswith("Silent: assets-db (silent since ")


def test_a_source_that_is_both_is_told_once_with_both(short: Cast) -> None:
    fall_silent(short)
    (note,) = ask(short, "/assets vendor")["notes"]
    assert note.startswith("Incomplete: assets-db (announced 7, 2 arrived, silent since ")


def test_the_page_of_an_answer_and_its_csv_say_so(short: Cast) -> None:
    page = short.page(short.officer)
    address = page.post("/w/ours/ask/", {"q": "/assets vendor"})["Location"]
    assert "announced 7, 2 arrived" in page.get(address).content.decode()
    assert TOLD in page.get(f"{address.rstrip('/')}.csv").content.decode().splitlines()[0]


def test_overview_and_sources_say_so(short: Cast) -> None:
    page = short.page(short.auditor)
    for address in ("/w/ours/", "/w/ours/sources/"):
        text = page.get(address).content.decode()
        assert "1 incomplete" in text, address
        assert "announced 7, 2 arrived" in text, address


def test_the_overview_of_one_entity_says_so_too(short: Cast) -> None:
    send(short.api["pipeline"], ndjson(row("organisation", "north", {"name": "North"})), source="chart")
    run_due(short.workspace.pk)
    entity = short.api["officer"].get("/api/v1/assets?kind=organisation").json()["results"][0]["id"]
    text = short.page(short.officer).get(f"/w/ours/?entity={entity}").content.decode()
    assert "of all sources, 1 incomplete" in text


@pytest.mark.parametrize("name", PLACES)
def test_the_csv_of_a_page_begins_with_it(short: Cast, name: str) -> None:
    sent = short.page(short.officer).get(f"/w/ours/{name}.csv")
    assert TOLD in b"".join(sent).decode().splitlines()[0]


def test_the_csv_of_assets_of_another_kind_begins_with_its_header(short: Cast) -> None:
    sent = short.page(short.officer).get("/w/ours/assets.csv?kind=dataset")
    assert b"".join(sent).startswith(b"id,")


@pytest.mark.parametrize("name", [*PLACES, "inventory-sources"])
def test_the_csv_of_the_api_says_so_in_a_header(short: Cast, name: str) -> None:
    sent = short.api["auditor"].get(f"/api/v1/{name}", HTTP_ACCEPT="text/csv")
    assert unquote(sent["Auditline-Coverage"]) == TOLD
    announce(short, 2)
    assert "Auditline-Coverage" not in short.api["auditor"].get(f"/api/v1/{name}", HTTP_ACCEPT="text/csv")


def test_a_name_that_no_header_can_hold_is_encoded(short: Cast) -> None:
    announce(short, 3, source="Bestände\U0001f5c4")
    sent = short.api["auditor"].get("/api/v1/assets", HTTP_ACCEPT="text/csv")
    assert "Bestände\U0001f5c4 (announced 3, 2 arrived)" in unquote(sent["Auditline-Coverage"])


def test_outsider_is_not_told_of_our_sources(short: Cast) -> None:
    sent = short.api["outsider"].get("/api/v1/assets", HTTP_ACCEPT="text/csv")
    assert "Auditline-Coverage" not in sent


def test_the_bundle_says_so_in_its_scope_and_its_table(short: Cast, tmp_path: Path) -> None:
    with ZipFile(export(short, tmp_path / "bundle.zip")) as bundle:
        read: Callable[[str], Any] = lambda name: json.loads(bundle.read(name))  # noqa: E731 - one line, used twice
        assert read("manifest.json")["scope"]["populations"]["incomplete_sources"] == ["assets-db"]
        rows = {line["name"]: line for line in read("tables/sources.json")}
    assert (rows["assets-db"]["declared_count"], rows["assets-db"]["received_count"]) == (7, 2)
    assert rows["assets-db"]["incomplete"] is True


def test_many_sources_are_counted_rather_than_named(cast: Cast) -> None:
    for number in range(NAMED + 2):
        announce(cast, 3, source=f"s{number}")
    with in_workspace(cast.workspace.pk):
        (note,) = gap_notes(timezone.now())
    assert "s4 (announced 3" in note
    assert "; and 2 more. " in note
