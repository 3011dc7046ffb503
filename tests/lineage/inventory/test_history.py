"""An asset as of a revision: what was known then, whatever came after; and what changed in between, by whom."""

import os
import uuid
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from accounts.members.manage import create_workspace
from accounts.workspaces.ids import new_id
from accounts.workspaces.isolation import in_workspace
from accounts.workspaces.revisions import current_revision
from lineage.graph.project import project
from lineage.inventory.history import Step, asset_at, asset_history
from lineage.inventory.models import Asset, Related
from lineage.inventory.queries import AssetDetail
from tests.lineage.graph.test_order import record_all
from tests.lineage.inventory.support import find, report, source
from tests.support.cast import Cast
from tests.support.event_histories import histories

HISTORIES_TRIED = int(os.environ.get("AUDITLINE_HISTORIES", "80")) // 2
"""The same ones each time in the suite; where the variable asks for a number of them, new ones."""
LAKE, FRA, ZRH = ("storage", "lake"), ("site", "fra1"), ("site", "zrh1")
OF_RUNS = {"of_job", "runs", "inputs", "outputs"}


def known_of(workspace_id: uuid.UUID) -> dict[uuid.UUID, AssetDetail]:
    """Return every asset of a workspace as of its newest revision."""
    rev = current_revision()
    return {
        asset.pk: detail
        for asset in Asset.objects.filter(workspace_id=workspace_id)
        if (detail := asset_at(asset.pk, rev)) is not None
    }


def is_as_stored(detail: AssetDetail) -> None:
    """Hold what is read as of the newest revision to the projection that rules read."""
    asset = Asset.objects.get(pk=detail.line.id)
    found = {fact.name: fact.value for fact in detail.facts if fact.value is not None}
    assert found == asset.document
    assert (detail.line.state, detail.line.country) == (asset.state, asset.country)
    assert detail.line.organisation == asset.organisation_id
    assert detail.conflicts == asset.conflicts
    stored = Related.objects.filter(from_asset=asset, rev_to=None).exclude(name__in=OF_RUNS)
    ends = {(line.name, end.id) for line in detail.relations for end in line.ends}
    assert ends == set(stored.values_list("name", "to_asset_id"))
    assert {line.name for line in detail.relations} - OF_RUNS == set(asset.known_relations) - OF_RUNS


@pytest.mark.django_db
@settings(
    max_examples=HISTORIES_TRIED,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    derandomize="AUDITLINE_HISTORIES" not in os.environ,
)
@given(histories())
def test_an_asset_its_relations_and_conflicts_are_reproduced_at_each_past_revision(
    history: list[dict[str, Any]],
) -> None:
    workspace = create_workspace(f"w-{new_id()}", "", actor="command")
    seen: dict[int, dict[uuid.UUID, AssetDetail]] = {}
    for each in history:
        record_all(workspace.pk, [each])
        project(workspace.pk)
        with in_workspace(workspace.pk):
            known = known_of(workspace.pk)
            seen[current_revision()] = known
            for detail in known.values():
                is_as_stored(detail)
    with in_workspace(workspace.pk):
        for rev, known in seen.items():
            for asset_id, detail in known.items():
                assert asdict(asset_at(asset_id, rev) or detail) == asdict(detail)
        for asset_id in seen[current_revision()]:
            assert told_by_history(asset_id) == told_at(asset_id)


def told_by_history(asset_id: uuid.UUID) -> Mapping[str, Any]:
    """Return what is known of an asset at last by replaying everything that changed of it, three steps at a time."""
    steps: list[Step] = []
    before = None
    while True:
        page = asset_history(asset_id, before, 3)
        steps += page.rows
        if page.next is None:
            break
        before = int(page.next)
    assert [step.revision for step in steps] == sorted({step.revision for step in steps}, reverse=True)
    known: dict[str, Any] = {}
    ends: set[tuple[str, str]] = set()
    for step in reversed(steps):
        for change in step.changes:
            if change.what.startswith("rel:"):
                assert ((change.what, change.before or change.after) in ends) == (change.before is not None)
                ends ^= {(change.what, change.before or change.after)}
            else:
                assert known.get(change.what) == change.before
                known[change.what] = change.after
    return {name: value for name, value in known.items() if value is not None} | {"ends": ends}


def told_at(asset_id: uuid.UUID) -> Mapping[str, Any]:
    """Return the same from the asset as it stands."""
    detail = asset_at(asset_id, current_revision())
    assert detail is not None
    told = {fact.name: fact.value for fact in detail.facts if fact.value is not None}
    told = {
        name: value for name, value in told.items() if name not in ("uid", "source", "first_seen_at", "last_seen_at")
    }
    told |= {f"conflict:{name}": [each["value"] for each in losers] for name, losers in detail.conflicts.items()}
    told |= {"sources": list(detail.sources)} if detail.sources else {}
    ends = {(f"rel:{line.name}", f"{end.kind}:{end.uid}") for line in detail.relations for end in line.ends}
    return told | {"ends": ends}


def changes(cast: Cast, asset: tuple[str, str]) -> list[dict[str, Any]]:
    """Return the history of an asset as the API gives it."""
    with in_workspace(cast.workspace.pk):
        asset_id = find(*asset).pk
    found: list[dict[str, Any]] = cast.api["auditor"].get(f"/api/v1/assets/{asset_id}/history").json()["results"]
    return found


def test_the_history_says_what_was_known_before_and_after_and_who_said_so(cast: Cast) -> None:
    with in_workspace(cast.workspace.pk):
        report(LAKE, {"country": "DE"}, relations={"at": [FRA]})
        report(LAKE, {"country": "CH"}, relations={"at": [ZRH]}, hours=1)
        report(LAKE, {"country": "FR"}, by=source("sheet", "spreadsheet"), hours=2)
    newest, moved, first = changes(cast, LAKE)
    assert newest["changes"] == [
        {"what": "conflict:country", "before": None, "after": ["FR"], "source": "sheet", "origin": ""},
        {"what": "sources", "before": ["cmdb"], "after": ["cmdb", "sheet"], "source": "", "origin": ""},
    ]
    assert moved["changes"] == [
        {"what": "country", "before": "DE", "after": "CH", "source": "cmdb", "origin": "measured"},
        {"what": "rel:at", "before": "site:fra1", "after": None, "source": "cmdb", "origin": ""},
        {"what": "rel:at", "before": None, "after": "site:zrh1", "source": "cmdb", "origin": ""},
    ]
    assert {change["what"] for change in first["changes"]} == {"country", "rel:at", "sources"}
    assert [step["revision"] for step in (newest, moved, first)] == [3, 2, 1]
    assert {step["cause"] for step in (newest, moved, first)} == {"test"}


def test_as_of_is_asked_by_revision_or_instant_and_refused_where_it_is_neither(cast: Cast) -> None:
    with in_workspace(cast.workspace.pk):
        report(ZRH, {"country": "CH"})
        report(LAKE, {"country": "DE"})
        report(LAKE, {"country": "CH"}, hours=1)
        lake = find(*LAKE).pk
    api = cast.api["auditor"]
    path = f"/api/v1/assets/{lake}"
    assert [api.get(path, {"as_of": f"rev:{rev}"}).json()["country"] for rev in (2, 3)] == ["DE", "CH"]
    then = api.get(path, {"as_of": "rev:1"})
    assert (then.status_code, "at revision 1" in then.json()["error"]["message"]) == (404, True)
    assert api.get(path, {"as_of": "2020-01-01T00:00:00Z"}).status_code == 404
    assert api.get(path, {"as_of": "rev:9"}).status_code == 400
    assert api.get(path, {"as_of": "yesterday"}).status_code == 400
    assert api.get(f"{path}/history", {"after": "x"}).status_code == 400
    page = api.get(f"{path}/history", {"limit": "1"}).json()
    assert [step["revision"] for step in page["results"]] == [3]
    page = api.get(f"{path}/history", {"limit": "1", "after": page["next"]}).json()
    assert ([step["revision"] for step in page["results"]], page["next"]) == ([2], None)


def test_nobody_else_reads_the_history(cast: Cast) -> None:
    with in_workspace(cast.workspace.pk):
        report(LAKE, {"country": "DE"})
        path = f"/api/v1/assets/{find(*LAKE).pk}/history"
    assert cast.api["outsider"].get(path).status_code == 404
    assert cast.api["pipeline"].get(path).status_code == 403
