"""Loading the estate: through the doors, once, in a workspace that is marked as demo."""

import json
import stat
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from accounts.members.manage import create_workspace
from accounts.members.models import ApiToken, Membership, User
from accounts.workspaces.ids import new_id
from accounts.workspaces.isolation import in_workspace
from accounts.workspaces.models import Workspace
from accounts.workspaces.queue import Stage, push
from config.demo.chance import stamp
from config.demo.doors import Delivery, DoorClosed, InProcess, OverHttp
from config.demo.load import Loaded, deliveries, event_batches, load, wanted_state, watch
from config.demo.logins import Logins, demo_workspace, ensure_logins
from lineage.events.models import Event
from lineage.inventory.receive import prepare
from tests.config.demo.conftest import ANCHOR
from tests.config.demo.test_generator import Made

pytestmark = pytest.mark.django_db
SMALL = {"anchor": ANCHOR, "scale": 0.16}


@pytest.fixture
def home(tmp_path: Path, settings: Settings) -> Path:
    """A home of its own for what the load keeps."""
    settings.AUDITLINE_HOME = tmp_path
    return tmp_path


def load_demo(**options: object) -> str:
    out = StringIO()
    call_command("load_demo", no_wait=True, stdout=out, **(SMALL | options))
    return out.getvalue()


def events_of(slug: str = "demo") -> dict[str, int]:
    workspace = Workspace.objects.get(slug=slug)
    with in_workspace(workspace.pk):
        kinds = list(Event.objects.filter(workspace=workspace).values_list("kind", flat=True))
    return {kind: kinds.count(kind) for kind in sorted(set(kinds))}


def test_first_load_sends_every_file_and_makes_members_that_can_sign_in(home: Path) -> None:
    said = load_demo()
    manifest = json.loads((home / "demo" / "demo" / "manifest.json").read_text())
    inventories = [file for file in manifest["files"] if file["path"].startswith("inventory/")]
    assert events_of() == {"inventory": len(inventories), "run": manifest["events"]}
    assert Workspace.objects.get(slug="demo").is_demo
    roles = {f"{role}@demo.example": role for role in ("officer", "auditor", "engineer", "admin")}
    assert dict(Membership.objects.values_list("user__email", "role")) == roles
    passwords = json.loads((home / "secrets" / "demo-logins.json").read_text())["passwords"]
    for email in roles:
        assert User.objects.get(email=email).check_password(passwords[email])
        assert passwords[email] in said


def test_logins_are_readable_by_their_owner_alone(home: Path) -> None:
    ensure_logins(demo_workspace("demo"), home)
    for name in ("demo-logins", "demo-logins.json"):
        assert stat.S_IMODE((home / "secrets" / name).stat().st_mode) == 0o600


def test_second_run_does_nothing_and_prints_the_same_logins(home: Path) -> None:
    first = load_demo()
    before, tokens = events_of(), ApiToken.objects.count
    with in_workspace(Workspace.objects.get(slug="demo").pk):
        made = tokens()
    again = load_demo()
    assert "is loaded" in again
    assert first.splitlines()[-4:] == [line for line in again.splitlines() if line][-4:]
    assert events_of() == before
    with in_workspace(Workspace.objects.get(slug="demo").pk):
        assert tokens() == made


def test_lost_logins_are_made_anew_for_the_same_members(home: Path) -> None:
    workspace = demo_workspace("demo")
    ensure_logins(workspace, home)
    (home / "secrets" / "demo-logins.json").unlink()
    ensure_logins(workspace, home)
    passwords = json.loads((home / "secrets" / "demo-logins.json").read_text())["passwords"]
    assert all(User.objects.get(email=email).check_password(word) for email, word in passwords.items())
    assert Membership.objects.filter(workspace=workspace).count() == 4


def test_interrupted_load_goes_on_with_its_anchor_and_doubles_nothing(home: Path) -> None:
    workspace = demo_workspace("demo")
    wanted = wanted_state(workspace, None, seed=1, scale=0.16, anchor=ANCHOR)
    doors = StopAfterThree(InProcess(ensure_logins(workspace, home)))
    with pytest.raises(DoorClosed):
        load(home, workspace, wanted, doors, lambda line: None)
    interrupted = events_of()["run"]
    said = load_demo(seed=1, anchor=None)
    assert f"anchor {stamp(ANCHOR)}" in said
    manifest = json.loads((home / "demo" / "demo" / "manifest.json").read_text())
    assert 0 < interrupted < events_of()["run"] == manifest["events"]


def test_waiting_ends_when_no_worker_answers(home: Path) -> None:
    workspace = demo_workspace("demo")
    with in_workspace(workspace.pk):
        push(Stage.PROJECT, [new_id()])
    said: list[str] = []
    assert not watch(workspace, said.append, pause=lambda seconds: None)
    assert len(said) == 1


def test_another_anchor_is_refused_for_the_same_workspace(home: Path) -> None:
    workspace = demo_workspace("demo")
    before = Loaded(str(workspace.pk), 1, 1.0, "2026-11-01", finished=True)
    assert wanted_state(workspace, before, seed=1, scale=1.0, anchor=None).anchor == "2026-11-01T00:00:00Z"
    load_demo()
    with pytest.raises(CommandError, match="Load it into a workspace of its own: --workspace demo-2"):
        load_demo(anchor=datetime(2026, 12, 24, tzinfo=UTC))


def test_workspace_of_real_data_is_refused(home: Path) -> None:
    create_workspace("bank", "A bank", actor="command")
    with pytest.raises(CommandError, match="is not marked as demo"):
        load_demo(workspace="bank")


def test_address_that_is_no_http_address_is_refused(home: Path) -> None:
    with pytest.raises(DoorClosed, match="expected an address such as"):
        OverHttp("ftp://127.0.0.1", ensure_logins(demo_workspace("demo"), home))


def test_no_door_refuses_a_row(estate: Made) -> None:
    folder, manifest = estate
    refused = []
    for one in deliveries(folder, manifest):
        judged = prepare(one.body, source=one.source, format_name=one.format, mode=one.mode, kind=one.kind)
        refused += list(judged.rejected)
        assert judged.reading.is_complete == (one.source != "cmdb-sg")
    assert refused == []
    assert sum(len(batch) for batch in event_batches(folder, manifest)) == manifest.events


@pytest.mark.django_db(transaction=True)
def test_http_doors_of_a_running_service_take_the_same_files(estate: Made, home: Path, live_server: LiveServer) -> None:
    logins = ensure_logins(demo_workspace("demo"), home)
    doors = OverHttp(live_server.url, logins)
    sent = [one for one in deliveries(*estate) if one.source in ("portfolio", "policy-library", "cmdb-sg")]
    for one in sent:
        doors.send_inventory(one)
    batch = next(event_batches(*estate))
    doors.send_events(batch)
    doors.send_events(batch)
    assert events_of() == {"inventory": 3, "run": len(batch)}
    with pytest.raises(DoorClosed, match="answered 401"):
        OverHttp(live_server.url, with_wrong_secret(logins)).send_events(batch)


def test_service_that_does_not_run_is_told(home: Path) -> None:
    doors = OverHttp("http://127.0.0.1:9", ensure_logins(demo_workspace("demo"), home))
    with pytest.raises(DoorClosed, match="Is the service running"):
        doors.send_events([])


def with_wrong_secret(logins: Logins) -> Logins:
    return replace(logins, pipelines=replace(logins.pipelines, secret="al_wrong"))


class StopAfterThree:
    """A door that stands for a process that dies: it takes three batches of events, then no more."""

    def __init__(self, doors: InProcess) -> None:
        self._doors = doors
        self._taken = 0

    def send_events(self, lines: Iterable[str]) -> None:
        if self._taken == 3:
            raise DoorClosed("the process was killed")
        self._taken += 1
        self._doors.send_events(lines)

    def send_inventory(self, delivery: Delivery) -> None:
        self._doors.send_inventory(delivery)
