"""The first run without the demo: from an empty installation to the first verdicts, by pages alone."""

import json
import re
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client, override_settings

from accounts.members.models import Membership, User
from accounts.workspaces.isolation import in_workspace
from accounts.workspaces.models import Workspace
from audit.findings.models import Finding
from audit.pipeline import run_due
from lineage.inventory.kinds.load import load_kinds
from lineage.inventory.models import Asset
from lineage.inventory.rows import is_own_record
from tests.support.cast import PASSWORD, Cast, bearer
from tests.support.estate import CUSTOMERS, LAKE
from tests.support.openlineage import run_event

WELCOME = "/w/ours/welcome/"
INVENTORY = f"{WELCOME}?step=inventory"


def ndjson(*lines: Any, name: str = "assets.ndjson") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, "\n".join(json.dumps(line) for line in lines).encode())


def given(file: SimpleUploadedFile, **fields: str) -> dict[str, object]:
    return {"file": file, "source": "cmdb", "format": "native", "mode": "delta", "kind": "", **fields}


def test_an_installation_without_people_says_how_the_first_one_is_made(client: Client, db: None) -> None:
    page = client.get("/").content.decode()
    assert "create_workspace acme" in page
    assert "create_member --workspace acme --email you@acme.example --role admin" in page


def test_there_is_no_open_sign_up(client: Client, db: None) -> None:
    sent = {"email": "x@y.example", "password1": PASSWORD, "password2": PASSWORD}
    client.post("/accounts/signup/", sent)
    assert not User.objects.exists()


def test_once_there_are_people_nobody_is_asked_to_sign_in(cast: Cast, client: Client) -> None:
    assert client.get("/")["Location"] == "/accounts/login/?next=/"


def test_a_person_without_a_workspace_makes_one_and_is_its_admin(client: Client, db: None) -> None:
    user = User.objects.create_user("first@new.example", PASSWORD)
    client.force_login(user)
    assert "You are not a member of any workspace" in client.get("/").content.decode()
    answer = client.post("/start/", {"name": "New bank", "slug": "newbank"})
    assert answer["Location"] == "/w/newbank/welcome/?step=people"
    assert Membership.objects.get(user=user).role == "admin"
    assert client.get("/")["Location"] == "/w/newbank/"
    assert "Nothing has been judged yet" in client.get("/w/newbank/").content.decode()


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        ({"name": "X", "slug": "ours"}, "&#x27;ours&#x27; is taken"),
        ({"name": "X", "slug": "our bank"}, "Got characters that an address cannot hold"),
        ({}, "Got no name, expected that of your organisation"),
    ],
)
def test_a_workspace_that_cannot_be_made_is_told_why(cast: Cast, sent: dict[str, str], told: str) -> None:
    answer = cast.page(cast.outsider).post("/start/", sent)
    assert answer.status_code == 400
    assert told in answer.content.decode()
    assert Workspace.objects.count() == 2


def test_who_is_in_several_workspaces_chooses(cast: Cast) -> None:
    with in_workspace(cast.workspace.pk):
        Membership.objects.create(workspace=cast.workspace, user=cast.outsider, role="auditor")
    page = cast.page(cast.outsider).get("/").content.decode()
    assert "Our bank" in page
    assert "Another bank" in page


def test_a_pipeline_is_pointed_here_and_its_first_event_is_noticed(cast: Cast) -> None:
    page = cast.page(cast.admin)
    made = page.post(f"{WELCOME}?step=token", {"name": "airflow", "role": "pipeline"}).content.decode()
    secret = re.search(r"OPENLINEAGE_API_KEY=(al_[^\s<]+)", made)
    heard = re.search(r'hx-get="([^"]+/heard/[^"]+)"', made)
    assert secret is not None
    assert heard is not None
    assert "Nothing yet" in page.get(heard[1]).content.decode()
    bearer(secret[1]).post("/api/v1/lineage", run_event(), format="json")
    answer = page.get(heard[1]).content.decode()
    assert "1 event</strong>" in answer
    assert "hx-get" not in answer  # it has stopped asking


def test_events_of_others_are_not_taken_for_the_new_tokens(cast: Cast) -> None:
    page = cast.page(cast.admin)
    made = page.post(f"{WELCOME}?step=token", {"name": "airflow", "role": "pipeline"}).content.decode()
    cast.api["pipeline"].post("/api/v1/lineage", run_event(), format="json")
    heard = re.search(r'hx-get="([^"]+/heard/[^"]+)"', made)
    assert heard is not None
    assert "Nothing yet" in page.get(heard[1]).content.decode()


def test_a_dropped_file_becomes_assets_and_first_verdicts(cast: Cast) -> None:
    page = cast.page(cast.engineer)
    sent = page.post(INVENTORY, given(ndjson(LAKE, CUSTOMERS)), follow=True)
    assert "Received, and waiting to be read." in sent.content.decode()
    poll = re.search(r'hx-get="([^"]+/batch/[^"]+)"', sent.content.decode())
    assert poll is not None
    assert "hx-get" in page.get(poll[1]).content.decode()
    assert "Still to be worked off: 1 event." in page.get(f"{WELCOME}progress/").content.decode()
    run_due(cast.workspace.pk)
    done = page.get(poll[1]).content.decode()
    assert "2 of 2 rows kept." in done
    assert "hx-get" not in done
    assert "2 of 2 rows kept" in page.get(sent.redirect_chain[-1][0]).content.decode()
    verdicts = page.get(f"{WELCOME}?step=verdicts").content.decode()
    assert "SOV-04" in verdicts
    assert "customers" in verdicts
    assert "Everything that came in has been judged." in page.get(f"{WELCOME}progress/").content.decode()
    with in_workspace(cast.workspace.pk):
        assert Asset.objects.filter(uid="lake").exists()
        assert Finding.objects.filter(check_id="SOV-04").exists()


def test_a_bad_row_is_named_and_costs_no_good_one(cast: Cast) -> None:
    page = cast.page(cast.engineer)
    bad = {**LAKE, "uid": "bad", "attributes": {"country": "Germany"}}
    sent = page.post(INVENTORY, given(ndjson(LAKE, bad)), follow=True)
    run_due(cast.workspace.pk)
    shown = page.get(sent.redirect_chain[-1][0]).content.decode()
    assert "Germany" in shown
    with in_workspace(cast.workspace.pk):
        assert Asset.objects.filter(uid="lake").exists()


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"file": None}, "Got no file, expected one of any format"),
        ({"source": ""}, "Got no source, expected the name of the reporting system"),
        ({"format": "xml"}, "Got xml, expected one of"),
        ({"format": "csv"}, "Got no kind, expected that of the assets that the CSV lists."),
        ({"file": SimpleUploadedFile("x", b"not json")}, "rows can be used, so nothing was kept"),
        ({"file": SimpleUploadedFile("x", b"")}, "Got a file without content"),
    ],
)
def test_a_file_that_cannot_be_used_is_told_why(cast: Cast, fields: dict[str, object], told: str) -> None:
    sent = {name: value for name, value in (given(ndjson(LAKE)) | fields).items() if value is not None}
    answer = cast.page(cast.engineer).post(INVENTORY, sent)
    assert answer.status_code == 400
    assert told in answer.content.decode()


@override_settings(AUDITLINE_MAX_INVENTORY_FILE=10)
def test_a_file_larger_than_the_door_takes_is_refused_before_it_is_read(cast: Cast) -> None:
    answer = cast.page(cast.engineer).post(INVENTORY, given(ndjson(LAKE)))
    assert "The file is larger than 10 bytes" in answer.content.decode()


def test_a_csv_goes_through_the_same_door(cast: Cast) -> None:
    file = SimpleUploadedFile("storage.csv", b"uid,name,country\nlake,The lake,DE\n")
    cast.page(cast.engineer).post(INVENTORY, given(file, format="csv", kind="storage"))
    run_due(cast.workspace.pk)
    with in_workspace(cast.workspace.pk):
        assert Asset.objects.get(uid="lake").document["country"] == "DE"


def test_steps_that_a_role_does_not_allow_are_passed_over(cast: Cast) -> None:
    assert cast.page(cast.auditor).get(WELCOME).status_code == 200
    assert cast.page(cast.auditor).get(INVENTORY)["Location"] == f"{WELCOME}?step=verdicts"
    assert "Drop an inventory" in cast.page(cast.engineer).get(WELCOME).content.decode()


def test_only_kinds_that_the_door_takes_are_offered(cast: Cast) -> None:
    page = cast.page(cast.engineer).get(INVENTORY).content.decode()
    offered = set(re.findall(r'<option value="(\w+)"', page.partition('name="kind"')[2].partition("</select>")[0]))
    refused = {name for name, kind in load_kinds().items() if is_own_record(kind)}
    assert {"finding", "waiver"} <= refused
    assert offered == set(load_kinds()) - refused
