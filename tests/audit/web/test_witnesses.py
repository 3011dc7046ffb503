"""From what a verdict read of the lineage to the path on the page Lineage that is lit up."""

import html
import re
from typing import Any

import pytest

from accounts.workspaces.isolation import in_workspace
from audit.findings.models import Finding
from audit.pipeline import run_due
from audit.web.witnesses import MOST, lit_paths
from tests.support.cast import Cast
from tests.support.estate import send_inventory
from tests.support.flow import asset, send_and_project
from tests.support.openlineage import dataset, new_run, run_event


def paths(*facts: tuple[str, Any], kind: str = "dataset") -> list[tuple[str, str]]:
    said = {"facts": [{"path": path, "value": value} for path, value in facts]}
    found = lit_paths("ours", "01900000-0000-7000-8000-000000000000", kind, said)
    return [(each["text"], each["href"].partition("&")[2]) for each in found]


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ([("asset.lineage.reads_personal_data", True)], [("how personal data comes here", "label=personal")]),
        ([("asset.lineage.reads_personal_data", False)], []),
        (
            [("asset.lineage.upstream_classes", ["internal", "personal_special"])],
            [
                ("how data of the class personal special comes here", "label=class%3Apersonal_special"),
                ("how data of the class internal comes here", "label=class%3Ainternal"),
            ],
        ),
        (
            [("asset.effective_class_rank", 1), ("asset.lineage.upstream_max_class_rank", 4)],
            [("how data of the class personal comes here", "label=class%3Apersonal")],
        ),
        ([("asset.effective_class_rank", 4), ("asset.lineage.upstream_max_class_rank", 4)], []),
        ([("asset.lineage.upstream_residency_limited", True)], [("how a residency limit comes here", "label=limit")]),
        (
            [("asset.allowed_countries", ["DE"]), ("asset.lineage.flows_to_countries", ["DE", "US"])],
            [("how it reaches US", "label=country%3AUS&direction=downstream")],
        ),
        ([("asset.lineage.upstream_count", 3), ("asset.environment", "prod"), ("asset.lineage.complete", False)], []),
        ([("asset.lineage.upstream_classes", None)], []),
    ],
    ids=str,
)
def test_each_fact_leads_to_the_path_of_what_it_says(
    facts: list[tuple[str, Any]], expected: list[tuple[str, str]]
) -> None:
    assert paths(*facts) == expected


def test_there_are_not_more_ways_than_a_reader_takes_and_none_for_what_has_no_picture() -> None:
    countries = ("asset.lineage.upstream_countries", [f"{a}{b}" for a in "DE" for b in "ABCDEFGH"])
    assert len(paths(countries)) == MOST
    assert paths(countries, kind="model") == []


@pytest.mark.django_db
def test_a_finding_about_lineage_leads_to_the_path_that_is_lit_up(cast: Cast) -> None:
    event = run_event(job="copy", run=new_run(), inputs=[dataset("people")], outputs=[dataset("report")])
    send_and_project(cast.workspace.pk, [event])
    uid = "postgres%3A%2F%2Fdb%3A5432/"
    people = {"kind": "dataset", "uid": f"{uid}people",
              "attributes": {"classification": "personal", "is_origin": True, "residency_limited": False}}  # fmt: skip
    report = {"kind": "dataset", "uid": f"{uid}report", "attributes": {"classification": "public"}}
    send_inventory(cast.api["pipeline"], people, report)
    run_due(cast.workspace.pk)
    with in_workspace(cast.workspace.pk):
        finding = Finding.objects.get(name="report", check_id="SOV-06")
    client = cast.page(cast.auditor)
    page = client.get(f"/w/ours/findings/{finding.pk}/").content.decode()
    way = re.search(r'<a href="([^"]*)">how data of the class personal comes here</a>', page)
    assert way is not None
    lineage = client.get(html.unescape(way[1])).content.decode()
    told = re.search(r'<ol class="lineage-path">(.*?)</ol>', lineage, re.S)
    assert told is not None
    assert re.findall(r"<bdi>(\w+)</bdi>", told[1])[:1] == ["people"]
    assert str(asset(cast.workspace.pk, "dataset", "people").pk) in told[1]
