"""Pulls: fetched when due, taken in by the same door, their secrets never shown, their failures told and repeated."""

import datetime
import ipaddress
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from accounts.journal.actions import Action
from accounts.journal.models import Statement
from accounts.workspaces.isolation import in_workspace
from audit.pipeline import run_due
from lineage.events.models import Event
from lineage.inventory.models import Asset
from lineage.inventory.pulls.models import Pull
from lineage.inventory.pulls.places.kubernetes import KUBERNETES, RESOURCES
from lineage.inventory.pulls.places.netbox import ENDPOINTS, NETBOX
from lineage.inventory.pulls.places.place import Asked, PullFailed
from lineage.inventory.pulls.receive import pull_due
from tests.lineage.inventory.door import ndjson, row
from tests.support.answering import answering
from tests.support.cast import Cast

LIMIT = 1_000_000
LAKE = ndjson(row("storage", "lake", {"country": "DE"}))


@pytest.fixture
def folder(settings: Any, tmp_path: Path) -> Path:
    """The folder of the workspace `ours`, with a folder `cmdb` in it."""
    settings.AUDITLINE_PULL_FOLDER = str(tmp_path)
    (tmp_path / "ours" / "cmdb").mkdir(parents=True)
    return tmp_path / "ours" / "cmdb"


@pytest.fixture
def loopback(settings: Any) -> None:
    settings.AUDITLINE_OUTBOUND_ALLOW = [ipaddress.ip_network("127.0.0.1")]


def add(cast: Cast, who: str = "engineer", **given: Any) -> Any:
    body = {"source": "cmdb", "place": "folder", "address": "cmdb", "mode": "delta", "every_hours": 24} | given
    return cast.api[who].post("/api/v1/pulls", body, format="json")


def listed(cast: Cast) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = cast.api["auditor"].get("/api/v1/pulls").json()["results"]
    return found


def pulled(cast: Cast) -> dict[str, Any]:
    """Let a worker fetch what is due; return the one pull."""
    assert pull_due(cast.workspace.pk) == 1
    return listed(cast)[0]


def uids(cast: Cast) -> set[str]:
    run_due(cast.workspace.pk)
    with in_workspace(cast.workspace.pk):
        return set(Asset.objects.filter(state=Asset.State.REPORTED).values_list("uid", flat=True))


def test_files_of_a_folder_come_in_and_the_same_again_changes_nothing(cast: Cast, folder: Path) -> None:
    (folder / "storage.csv").write_text("uid,country\ncold,CH\n")
    (folder / "assets.ndjson").write_bytes(LAKE)
    (folder / "assets.ndjson.part").write_bytes(b"{")
    (folder / ".hidden").write_bytes(b"{")
    assert add(cast).status_code == 201
    assert pulled(cast)["outcome"] == "2 files, 2 rows kept"
    assert uids(cast) == {"lake", "cold"}
    assert pull_due(cast.workspace.pk) == 0
    with in_workspace(cast.workspace.pk):
        assert Event.objects.count() == 2
        assert {event.sender for event in Event.objects.all()} == {f"pull:{Pull.objects.get().pk}"}
    assert cast.api["engineer"].post(f"/api/v1/pulls/{listed(cast)[0]['id']}/run").status_code == 202
    assert pulled(cast)["failures"] == 0


def test_a_whole_inventory_is_the_newest_file_alone(cast: Cast, folder: Path) -> None:
    (folder / "b.ndjson").write_bytes(ndjson(row("storage", "old")))
    (folder / "a.ndjson").write_bytes(LAKE)
    os.utime(folder / "b.ndjson", (1, 1))
    add(cast, mode="full")
    assert pulled(cast)["outcome"] == "1 files, 1 rows kept"
    assert uids(cast) == {"lake"}


def test_one_file_that_cannot_be_used_keeps_all_out_and_says_why(cast: Cast, folder: Path) -> None:
    (folder / "a.ndjson").write_bytes(LAKE)
    (folder / "b.ndjson").write_bytes(b'{"kind": "castle", "uid": "x"}')
    add(cast)
    first = pulled(cast)
    assert "None of 1 rows can be used" in first["outcome"]
    assert (first["failures"], first["succeeded_at"], uids(cast)) == (1, "", set())
    soon = datetime.datetime.fromisoformat(first["next_at"]) - timezone.now()
    assert datetime.timedelta(minutes=4) < soon <= datetime.timedelta(minutes=5)


@pytest.mark.parametrize("path", ["../elsewhere", "/etc", "cmdb/../../elsewhere"])
def test_no_path_leads_out_of_the_folder(cast: Cast, folder: Path, path: str) -> None:
    answer = add(cast, address=path)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "pull_failed")


def test_no_link_leads_out_of_the_folder(cast: Cast, folder: Path) -> None:
    other = folder.parent.parent / "elsewhere"
    other.mkdir()
    (other / "theirs.ndjson").write_bytes(LAKE)
    (folder / "theirs.ndjson").symlink_to(other / "theirs.ndjson")
    (folder.parent / "link").symlink_to(other)
    add(cast)
    assert pulled(cast)["outcome"] == "No file was there."
    add(cast, source="second", address="link")
    pull_due(cast.workspace.pk)
    assert "There is no folder 'link'" in listed(cast)[1]["outcome"]


def test_a_web_address_is_asked_with_its_secret_over_https_alone(cast: Cast, loopback: None) -> None:
    with answering({"/assets.ndjson": (200, LAKE, {})}) as at:
        assert add(cast, place="https", address=f"{at}/assets.ndjson").status_code == 201
        assert pulled(cast)["outcome"] == "1 files, 1 rows kept"
        refused = add(cast, source="other", place="https", address=f"{at}/assets.ndjson", secret="s3cret")
    assert "over https alone" in refused.json()["error"]["message"]
    assert uids(cast) == {"lake"}


def test_an_address_inside_is_not_asked(cast: Cast) -> None:
    with answering({"/latest/meta-data": (200, LAKE, {})}) as at:
        add(cast, place="https", address=f"{at}/latest/meta-data")
        assert "no public address" in pulled(cast)["outcome"]
    assert uids(cast) == set()


def test_nobody_sees_a_secret_and_removing_forgets_it(cast: Cast) -> None:
    made = add(cast, place="https", address="https://inventory.example/x", secret="s3cret")
    assert made.json()["has_secret"] is True
    assert "s3cret" not in made.content.decode() + json.dumps(listed(cast))
    assert cast.api["engineer"].delete(f"/api/v1/pulls/{made.json()['id']}").status_code == 204
    assert listed(cast) == []
    with in_workspace(cast.workspace.pk):
        pull = Pull.objects.get()
        assert pull.secret is None
        said = list(Statement.objects.filter(action=Action.PULL_CHANGED).order_by("pk").values_list("body", flat=True))
    assert [each["what"] for each in said] == ["set up", "removed"]
    assert "s3cret" not in json.dumps(said)


def test_who_may_set_up_pulls_and_what_is_refused(cast: Cast, folder: Path) -> None:
    allowed = {"engineer": 201, "admin": 201, "officer": 403, "auditor": 403, "pipeline": 403}
    assert {who: add(cast, who, source=who).status_code for who in allowed} == allowed
    wrong: dict[str, dict[str, Any]] = {
        "twice": {"source": "admin"},
        "option": {"options": {"bucket": "x"}},
        "secret": {"secret": "x"},
        "format": {"format": "pdf"},
        "hours": {"every_hours": 0},
    }
    said = {name: add(cast, **given).json()["error"]["message"] for name, given in wrong.items()}
    assert "pulled already" in said["twice"]
    assert "no option 'bucket': expected pattern" in said["option"]
    assert "has no secret" in said["secret"]
    assert "format='pdf' is not known" in said["format"]
    assert cast.api["outsider"].get("/api/v1/pulls").json()["results"] == []


def test_a_pull_that_was_lost_with_its_process_is_tried_again(cast: Cast, folder: Path) -> None:
    add(cast)
    with in_workspace(cast.workspace.pk):
        Pull.objects.update(running_since=timezone.now())
    assert pull_due(cast.workspace.pk) == 0
    with in_workspace(cast.workspace.pk):
        Pull.objects.update(running_since=timezone.now() - datetime.timedelta(minutes=61))
    assert pull_due(cast.workspace.pk) == 1


def asked(at: str) -> Asked:
    return Asked(at, "token", LIMIT, True, "ours")


def test_netbox_is_read_page_by_page_and_no_address_of_its_answers_is_asked(
    monkeypatch: pytest.MonkeyPatch, loopback: None
) -> None:
    monkeypatch.setattr("lineage.inventory.pulls.places.netbox.PAGE", 2)
    seen: list[str] = []

    def racks(query: dict[str, str], headers: Mapping[str, str]) -> Any:
        seen.append(str(headers["Authorization"]))
        start = int(query["offset"])
        rows = [{"id": number} for number in range(start, min(start + int(query["limit"]), 5))]
        more = None if start + 2 >= 5 else "http://169.254.169.254/latest"
        return 200, json.dumps({"count": 5, "next": more, "results": rows}).encode(), {}

    none: Any = (200, b'{"count": 0, "next": null, "results": []}', {})
    answers = {f"/api/{each}/": none for each in ENDPOINTS} | {"/api/dcim/racks/": racks}
    with answering(answers) as at:
        monkeypatch.setattr("lineage.inventory.pulls.places.netbox.check", lambda asked: None)  # plain HTTP, here alone
        (file,) = NETBOX.fetch(asked(at))
    document = json.loads(file.body)
    assert [each["id"] for each in document["dcim/racks"]["results"]] == [0, 1, 2, 3, 4]
    assert (document["dcim/racks"]["count"], seen) == (5, ["Token token"] * 3)


def test_a_cluster_is_read_page_by_page_and_each_item_says_its_kind(
    monkeypatch: pytest.MonkeyPatch, loopback: None
) -> None:
    def nodes(query: dict[str, str], headers: Mapping[str, str]) -> Any:
        first = "continue" not in query
        more = {"continue": "a b"} if first else {}
        items = [{"metadata": {"name": "n1" if first else "n2"}}]
        return 200, json.dumps({"kind": "NodeList", "metadata": more, "items": items}).encode(), {}

    answers: dict[str, Any] = {f"/{path}": (200, b'{"items": []}', {}) for path, _, _ in RESOURCES}
    with answering(answers | {"/api/v1/nodes": nodes}) as at:
        monkeypatch.setattr("lineage.inventory.pulls.places.kubernetes.check", lambda asked: None)
        (file,) = KUBERNETES.fetch(asked(at))
    items = json.loads(file.body)["items"]
    assert [(each["kind"], each["metadata"]["name"]) for each in items] == [("Node", "n1"), ("Node", "n2")]


@pytest.mark.parametrize("place", [NETBOX, KUBERNETES])
def test_a_token_is_never_sent_in_clear(place: Any) -> None:
    with pytest.raises(PullFailed, match="over https alone"):
        place.check(asked("http://netbox.example"))
