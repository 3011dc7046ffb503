"""The inventory door: who may send, what is answered, what is refused and why; a bad row costs no good one."""

import gzip
import json
from typing import Any

import pytest
from django.conf import LazySettings

from accounts.members.models import Role
from accounts.workspaces.isolation import in_workspace
from accounts.workspaces.models import Work
from lineage.events.models import Event
from lineage.inventory.models import Asset
from tests.lineage.inventory.door import STORE, ndjson, problems, project, row, send
from tests.support.cast import Cast, bearer

ROLE = {"resourceType": "AWS::IAM::Role", "awsRegion": "global", "arn": "arn:aws:iam::111122223333:role/reader"}
BUCKET = {"resourceType": "AWS::S3::Bucket", "awsRegion": "eu-central-1", "arn": "arn:aws:s3:::ledger"}


def stored(cast: Cast) -> int:
    with in_workspace(cast.workspace.pk):
        return Event.objects.filter(kind="inventory").count()


@pytest.mark.parametrize("who", ["pipeline", "engineer", "admin"])
def test_pipeline_engineer_and_admin_may_send_an_inventory(cast: Cast, who: str) -> None:
    assert send(cast.api[who], ndjson(STORE)).status_code == 201


@pytest.mark.parametrize(("who", "status"), [("officer", 403), ("auditor", 403), ("nobody", 401)])
def test_officer_auditor_and_nobody_may_not_send_an_inventory(cast: Cast, who: str, status: int) -> None:
    answer = send(cast.api[who], ndjson(STORE))
    assert answer.status_code == status
    assert answer.json()["error"]["message"]
    assert stored(cast) == 0


def test_outsiders_inventory_stays_in_her_own_workspace(cast: Cast) -> None:
    assert send(bearer(cast.outside_pipeline), ndjson(STORE)).status_code == 201
    assert stored(cast) == 0


def test_an_auditors_token_may_not_send(cast: Cast) -> None:
    assert send(bearer(cast.token(Role.AUDITOR)), ndjson(STORE)).status_code == 403


def test_the_answer_holds_the_receipt_and_what_was_kept(cast: Cast) -> None:
    answer = send(cast.api["pipeline"], ndjson({"manifest": {"count": 1}}, STORE))
    body = answer.json()
    assert (body["rows"], body["accepted"], body["rejected"], body["rejected_total"]) == (1, 1, [], 0)
    assert body["population"] == {"declared": 1, "received": 1, "complete": True}
    with in_workspace(cast.workspace.pk):
        event = Event.objects.get(pk=body["receipt"]["event_id"])
        assert (event.source, event.parameters["mode"], event.kind) == ("cmdb", "delta", "inventory")
        assert bytes(event.body) == ndjson({"manifest": {"count": 1}}, STORE)
        assert bytes(event.kept_digest) == bytes(event.received_digest)
        assert Work.objects.filter(workspace=cast.workspace, stage="project", subject=event.pk).count() == 1


def test_the_same_file_again_gets_the_same_receipt(cast: Cast) -> None:
    first = send(cast.api["pipeline"], ndjson(STORE)).json()["receipt"]
    again = send(cast.api["pipeline"], ndjson(STORE)).json()["receipt"]
    assert again == {**first, "duplicate": True}
    assert stored(cast) == 1


def test_the_same_rows_for_another_source_or_mode_are_another_report(cast: Cast) -> None:
    ids = {
        send(cast.api["pipeline"], ndjson(STORE), **how).json()["receipt"]["event_id"]
        for how in ({}, {"source": "scanner"}, {"mode": "full"})
    }
    assert len(ids) == 3


def test_undated_content_that_comes_back_after_other_content_is_new(cast: Cast) -> None:
    german, american = (ndjson(row("storage", "lake", {"country": code})) for code in ("DE", "US"))
    ids = [
        send(cast.api["pipeline"], body).json()["receipt"]["event_id"] for body in (german, american, german, german)
    ]
    assert len(set(ids)) == 3
    assert ids[2] == ids[3]  # a retry of what was sent last


def test_dated_content_says_nothing_new_however_often_it_comes(cast: Cast) -> None:
    other = row("storage", "lake", {"country": "US"}, observed_at="2025-11-02T00:00:00Z")
    ids = [
        send(cast.api["pipeline"], ndjson(what)).json()["receipt"]["event_id"] for what in (STORE, other, STORE, STORE)
    ]
    assert len(set(ids)) == 2


def test_every_bad_row_is_told_and_the_good_ones_are_kept(cast: Cast) -> None:
    answer = send(
        cast.api["pipeline"],
        ndjson(
            STORE,
            "{not json",
            row("storrage", "x"),
            row("site", "s1", {"paths": "2 paths"}),
            row("site", "s2", {"country": "DE"}),
        ),
    )
    assert answer.status_code == 201
    assert (answer.json()["rows"], answer.json()["accepted"], answer.json()["rejected_total"]) == (5, 3, 3)
    assert problems(answer) == [(2, ""), (3, "kind"), (4, "paths")]
    wrong_unit = answer.json()["rejected"][2]
    assert wrong_unit["got"] == '"2 paths" (string)'
    assert "send the number alone" in wrong_unit["message"]
    assert "'storage'" in answer.json()["rejected"][1]["message"]


def test_more_than_a_hundred_problems_are_counted_and_the_first_hundred_named(cast: Cast) -> None:
    answer = send(cast.api["pipeline"], ndjson(STORE, *[row("storrage", str(number)) for number in range(150)]))
    assert (len(answer.json()["rejected"]), answer.json()["rejected_total"]) == (100, 150)


def test_a_batch_without_one_good_row_is_refused_and_not_kept(cast: Cast) -> None:
    answer = send(cast.api["pipeline"], ndjson(row("storrage", "x"), "{"))
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "inventory_no_row"
    assert problems(answer) == [(1, "kind"), (2, "")]
    assert stored(cast) == 0


@pytest.mark.parametrize(
    ("body", "parameters", "code"),
    [
        (b"", {}, "inventory_empty"),
        (b'{"manifest": {"count": 0}}', {}, "inventory_empty"),
        (ndjson(STORE), {"source": ""}, "source_invalid"),
        (ndjson(STORE), {"source": "x" * 121}, "source_invalid"),
        (ndjson(STORE), {"mode": "fulll"}, "mode_unknown"),
        (ndjson(STORE), {"format": "xml"}, "format_unknown"),
        (b"uid\nx", {"format": "csv"}, "kind_unknown"),
        (b"uid\nx", {"format": "csv", "kind": "storrage"}, "kind_unknown"),
        (b"name;uid\nx;y", {"format": "csv", "kind": "storage"}, "csv_header"),
        (b"[{}", {}, "json_malformed"),
        (b"uid\n\xff", {"format": "csv", "kind": "storage"}, "csv_encoding"),
        (b'"uid\nx', {"format": "csv", "kind": "storage"}, "csv_malformed"),
        (b'uid\n"x', {"format": "csv", "kind": "storage"}, "inventory_no_row"),
        (json.dumps({"configurationItems": [ROLE]}).encode(), {}, "inventory_nothing_read"),
    ],
)
def test_what_cannot_be_used_at_all_is_refused_with_a_next_step(
    cast: Cast, body: bytes, parameters: dict[str, str], code: str
) -> None:
    answer = send(cast.api["pipeline"], body, **parameters)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, code)
    assert "expected" in answer.json()["error"]["message"] or code == "json_malformed"
    assert stored(cast) == 0


def test_an_empty_population_is_stated_by_a_full_manifest_of_zero(cast: Cast) -> None:
    assert send(cast.api["pipeline"], b'{"manifest": {"count": 0}}', mode="full").status_code == 201


def test_a_body_over_the_limit_is_refused_before_it_is_read_through(cast: Cast, settings: LazySettings) -> None:
    settings.AUDITLINE_MAX_INVENTORY_FILE = 1000
    answer = send(cast.api["pipeline"], ndjson(*[STORE] * 50))
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "body_too_large")
    assert "MAX_INVENTORY_FILE_MIB" in answer.json()["error"]["message"]


def test_gzip_is_taken_and_a_bomb_is_not(cast: Cast) -> None:
    assert send(cast.api["pipeline"], gzip.compress(ndjson(STORE)), HTTP_CONTENT_ENCODING="gzip").status_code == 201
    bomb = gzip.compress(b"x" * (60 * 1024 * 1024))
    assert send(cast.api["pipeline"], bomb, HTTP_CONTENT_ENCODING="gzip").status_code == 413


def test_secrets_in_values_are_gone_before_anything_is_kept(cast: Cast) -> None:
    asset = row("storage", "lake", {"labels": {"password": "hunter2-hunter2"}, "country": "DE"})
    answer = send(cast.api["pipeline"], ndjson(STORE, asset))
    assert answer.json()["accepted"] == 2
    with in_workspace(cast.workspace.pk):
        event = Event.objects.get()
        assert b"hunter2" not in bytes(event.body)
        assert ndjson(STORE) in bytes(event.body)
        assert event.redactions[0]["paths"] == ["line 2 $.attributes.labels.password"]
        assert bytes(event.kept_digest) != bytes(event.received_digest)


def test_a_json_array_is_taken_as_well(cast: Cast) -> None:
    answer = send(cast.api["pipeline"], json.dumps([STORE, 7]).encode())
    assert answer.json()["accepted"] == 1
    assert problems(answer) == [(2, "")]


def test_a_csv_template_can_be_filled_in_and_sent(cast: Cast) -> None:
    template = cast.api["pipeline"].get("/api/v1/inventories/template", {"kind": "storage"})
    assert template["Content-Type"].startswith("text/csv")
    header = template.content.decode().strip().split(",")
    assert {"uid", "name", "country", "lineage_namespaces", "rel:at"} <= set(header)
    cells: dict[str, Any] = dict.fromkeys(header, "")
    cells |= {"uid": "lake", "country": "DE", "rel:at": "site:fra1"}
    body = ",".join(header) + "\n" + ",".join(cells.values())
    answer = send(cast.api["pipeline"], body.encode(), format="csv", kind="storage")
    assert (answer.json()["accepted"], answer.json()["rejected"]) == (1, [])


def test_a_row_with_broken_quotes_is_named_and_the_others_are_kept_and_retire_nothing(cast: Cast) -> None:
    body = b'uid,country,description\na,DE,x\nb,DE,"y\nc,FR,z\n'
    answer = send(cast.api["pipeline"], body, format="csv", kind="storage", mode="full")
    assert (answer.status_code, answer.json()["rows"], answer.json()["accepted"]) == (201, 3, 2)
    assert problems(answer) == [(3, "")]
    assert answer.json()["population"]["complete"] is False


def test_a_country_that_there_is_not_costs_that_alone(cast: Cast) -> None:
    answer = send(cast.api["pipeline"], ndjson(row("storage", "lake", {"country": "XX", "tier": "hot"})))
    assert (answer.status_code, answer.json()["accepted"], problems(answer)) == (201, 1, [(1, "country")])
    project(cast.workspace)
    with in_workspace(cast.workspace.pk):
        document = Asset.objects.get(kind="storage").document
    assert "country" not in document
    assert document["tier"] == "hot"


@pytest.mark.parametrize("kind", ["", "storrage", "finding"])
def test_a_template_of_what_nobody_reports_names_the_kinds_there_are(cast: Cast, kind: str) -> None:
    answer = cast.api["pipeline"].get("/api/v1/inventories/template", {"kind": kind})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "bad_parameter")
    assert "storage" in answer.json()["error"]["message"]


def test_officer_and_auditor_need_no_template(cast: Cast) -> None:
    for who in ("officer", "auditor"):
        assert cast.api[who].get("/api/v1/inventories/template", {"kind": "site"}).status_code == 403


def test_a_file_of_which_nothing_is_read_is_refused_with_its_format_its_types_and_what_would_be_read(
    cast: Cast,
) -> None:
    answer = send(cast.api["pipeline"], json.dumps({"configurationItems": [ROLE, ROLE]}).encode())
    error = answer.json()["error"]
    assert error["code"] == "inventory_nothing_read"
    assert "AWS Config snapshot. Got 2 x AWS::IAM::Role, expected" in error["message"]
    assert error["details"]["types"] == {"AWS::IAM::Role": 2}
    assert "storage" in error["details"]["kinds"]


def test_what_a_file_holds_beside_assets_is_counted_by_type_and_the_rest_is_kept(cast: Cast) -> None:
    answer = send(cast.api["pipeline"], json.dumps({"configurationItems": [ROLE, BUCKET]}).encode()).json()
    assert (answer["accepted"], answer["not_read"]) == (1, {"AWS::IAM::Role": 1})
