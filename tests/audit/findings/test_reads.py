"""Findings are read by those who may, by the same filters and in one order, with the facts as they were sealed."""

import datetime
from typing import Any

import pytest
from django.utils import timezone

from accounts.workspaces.isolation import in_workspace
from audit.findings import queries
from audit.findings.models import Finding
from tests.audit.findings.estate import CHECK, customers, found, lake_in
from tests.policies.evaluation.histories import Estate
from tests.support.cast import Cast

pytestmark = pytest.mark.django_db
PATH = "/api/v1/findings"
OTHERS = Estate(21).whole()
"""Other assets whose checks fail, of several severities."""


@pytest.fixture
def raised(cast: Cast) -> Finding:
    row = found(cast, lake_in("US"), customers(owner="team:data"), *OTHERS)
    assert row is not None
    return row


CHOICES = [
    ("state", "open"), ("state", "resolved"), ("severity", "critical"), ("severity", "low"), ("family", "SOV"),
    ("family", "SKL"), ("check", CHECK), ("kind", "dataset"), ("kind", "job"), ("owner", "team:data"),
    ("owner", "nobody"),
]  # fmt: skip


def listed(cast: Cast, role: str = "auditor", **filters: str) -> list[dict[str, Any]]:
    answer = cast.api[role].get(PATH, filters)
    assert answer.status_code == 200, answer.content
    rows: list[dict[str, Any]] = answer.json()["results"]
    return rows


def test_auditor_reads_a_finding_with_the_facts_that_were_sealed(cast: Cast, raised: Finding) -> None:
    row = cast.api["auditor"].get(f"{PATH}/{raised.pk}").json()
    assert (row["check"], row["owner"], row["statement"]) == (CHECK, "team:data", str(raised.statement))
    assert row["change"]["to"] == "fail"
    facts = {fact["path"]: fact["value"] for fact in row["change"]["facts"]}
    assert facts["asset.storage_countries"] == ["US"]
    assert facts["asset.allowed_countries"] == ["DE"]


def test_outsider_cannot_see_that_the_finding_exists(cast: Cast, raised: Finding) -> None:
    assert listed(cast, "outsider") == []
    there = cast.api["outsider"].get(f"{PATH}/{raised.pk}")
    nowhere = cast.api["outsider"].get(f"{PATH}/{raised.transition}")
    assert there.status_code == nowhere.status_code == 404
    assert there.json() == nowhere.json()


def test_pipeline_reads_no_finding(cast: Cast, raised: Finding) -> None:
    assert cast.api["pipeline"].get(PATH).status_code == 403
    assert cast.api["pipeline"].get(f"{PATH}/{raised.pk}").status_code == 403


def test_the_worst_and_what_is_due_first_stand_on_top(cast: Cast, raised: Finding) -> None:
    rows = listed(cast, state="open")
    order = [(queries.SEVERITIES.index(row["severity"]), row["due_at"], row["id"]) for row in rows]
    assert len(rows) >= 3
    assert order == sorted(order)
    assert len({row["severity"] for row in rows}) > 1


def test_each_filter_leaves_what_it_says(cast: Cast, raised: Finding) -> None:
    everything = listed(cast)
    for name, value in CHOICES:
        kept = {row["id"] for row in listed(cast, **{name: value})}
        assert kept == {row["id"] for row in everything if row[name] == value}, (name, value)
    assert listed(cast, severity="critical", check=CHECK, state="open")[0]["id"] == str(raised.pk)


@pytest.mark.parametrize(("name", "value"), [("state", "closed"), ("severity", "awful"), ("family", "XXX")])
def test_a_filter_that_cannot_match_is_told_and_not_empty(cast: Cast, raised: Finding, name: str, value: str) -> None:
    answer = cast.api["auditor"].get(PATH, {name: value})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "bad_parameter")
    assert value in answer.json()["error"]["message"]


def test_every_count_of_open_findings_is_the_length_of_the_list(cast: Cast, raised: Finding) -> None:
    found(cast, lake_in("DE"), customers(owner="team:data"), *OTHERS)
    later = timezone.now() + datetime.timedelta(days=16)
    with in_workspace(cast.workspace.pk):
        rows = list(Finding.objects.all())
        is_open = [row for row in rows if row.state == "open"]
        assert 0 < len(is_open) < len(rows)
        assert queries.open_count() == sum(queries.open_counts().values()) == len(is_open)
        ended = len(rows) - len(is_open)
        assert queries.state_counts() == {"open": len(is_open), "resolved": ended, "fixed": ended}
        late = [row for row in is_open if row.due_at < later]
        assert {row.pk for row in queries.findings(overdue_at=later)} == {row.pk for row in late}
        assert {row.pk for row in queries.due_soon(later, limit=100)} == {row.pk for row in late}
        assert queries.worklist_counts(later) == {
            "open": len(is_open),
            "overdue": len(late),
            "critical": sum(row.severity == "critical" for row in is_open),
        }
