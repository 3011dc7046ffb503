"""A workspace declares kinds and attributes: two persons, no restart, and nothing of it shows elsewhere."""

from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.utils import ProgrammingError

from accounts.approvals.models import GovernedAct
from accounts.journal.models import Statement
from accounts.workspaces.isolation import in_workspace
from audit.pipeline import run_due
from lineage.events.models import Event
from lineage.inventory.declared.models import VocabularyEdition
from lineage.inventory.declared.queries import vocabulary_of
from lineage.inventory.kinds.load import load_kinds, shipped_vocabulary
from lineage.inventory.models import Asset, ImportResult
from tests.support.cast import Cast
from tests.support.declared import PUMP, SEATS, TIER, declare, propose
from tests.support.estate import send_inventory

ON_STORAGE = {"kind": "storage", "attributes": [TIER, SEATS]}
LAKE: dict[str, Any] = {"kind": "storage", "uid": "lake", "attributes": {"data_tier": "gold", "country": "DE"}}


def kinds(cast: Cast, role: str = "auditor") -> dict[str, Any]:
    answer = cast.api[role].get("/api/v1/kinds")
    assert answer.status_code == 200, answer.content
    return {kind["name"]: kind for kind in answer.json()["kinds"]}


def attributes(cast: Cast, kind: str, role: str = "auditor") -> dict[str, Any]:
    return {each["name"]: each for each in kinds(cast, role)[kind]["attributes"]}


def document(cast: Cast, uid: str) -> dict[str, Any]:
    with in_workspace(cast.workspace.pk):
        return dict(Asset.objects.get(uid=uid).document)


# ---- who


@pytest.mark.parametrize("role", ["officer", "admin"])
def test_officer_and_admin_may_propose_and_nothing_holds_before_another_approves(cast: Cast, role: str) -> None:
    answer = propose(cast, ON_STORAGE, role)
    assert answer.status_code == 201
    assert "storage gets the attribute seats (int, count): People who may use it." in answer.json()["effect"]
    assert "data_tier" not in attributes(cast, "storage")


@pytest.mark.parametrize(("role", "status"), [("auditor", 403), ("engineer", 403), ("pipeline", 403), ("nobody", 401)])
def test_others_may_not_propose(cast: Cast, role: str, status: int) -> None:
    assert propose(cast, ON_STORAGE, role).status_code == status


def test_the_proposer_cannot_approve_herself(cast: Cast) -> None:
    act = propose(cast, ON_STORAGE, "officer").json()["id"]
    answer = cast.api["officer"].post(f"/api/v1/approvals/{act}/approve", {}, "json")
    assert answer.json()["error"]["code"] == "second_person_needed"
    assert "data_tier" not in attributes(cast, "storage")


@pytest.mark.parametrize("role", ["auditor", "engineer", "officer", "admin"])
def test_members_read_what_was_declared(cast: Cast, role: str) -> None:
    declare(cast, ON_STORAGE)
    said = attributes(cast, "storage", role)["seats"]
    assert (said["type"], said["unit"], said["declared"], said["retired"]) == ("int", "count", True, False)
    assert not attributes(cast, "storage", role)["country"]["declared"]


def test_a_pipeline_reads_no_kinds(cast: Cast) -> None:
    assert cast.api["pipeline"].get("/api/v1/kinds").status_code == 403


def test_outsider_sees_nothing_of_it_and_her_rows_are_judged_without_it(cast: Cast) -> None:
    declare(cast, ON_STORAGE)
    declare(cast, PUMP)
    assert "pump" in kinds(cast)
    assert "pump" not in kinds(cast, "outsider")
    assert "data_tier" not in attributes(cast, "storage", "outsider")
    told = send_inventory(cast.api["outsider"], LAKE)
    assert "data_tier" in str(told["rejected"])
    assert cast.api["outsider"].get("/api/v1/assets?kind=pump").status_code == 400
    assert vocabulary_of(cast.elsewhere.pk) is shipped_vocabulary()


# ---- what holds then


def test_a_declared_attribute_is_taken_by_the_door_and_stands_in_the_document(cast: Cast) -> None:
    assert "data_tier" in str(send_inventory(cast.api["pipeline"], LAKE)["rejected"])
    declare(cast, ON_STORAGE)
    told = send_inventory(cast.api["pipeline"], LAKE)
    assert told["rejected"] == []
    run_due(cast.workspace.pk)
    assert document(cast, "lake")["data_tier"] == "gold"


def test_a_declared_attribute_is_checked_by_its_type(cast: Cast) -> None:
    declare(cast, ON_STORAGE)
    told = send_inventory(cast.api["pipeline"], LAKE | {"attributes": {"seats": "5 people", "country": "DE"}})
    assert "integer in count" in str(told["rejected"])


def test_a_kind_is_sent_by_its_template_with_its_relation_seen_from_both_ends(cast: Cast) -> None:
    declare(cast, PUMP)
    header = cast.api["pipeline"].get("/api/v1/inventories/template?kind=pump").content.decode().strip()
    columns = header.split(",")
    assert {"flow_litres", "serviced_at", "redundant", "owner", "rel:cools"} <= set(columns)
    cells = {"uid": "p1", "flow_litres": "12.5", "redundant": "true", "rel:cools": "storage:lake"}
    row = ",".join(cells.get(column, "") for column in columns)
    answer = cast.api["pipeline"].post(
        "/api/v1/inventories?source=plant&kind=pump", f"{header}\n{row}\n", content_type="text/csv"
    )
    assert answer.status_code == 201, answer.content
    assert answer.json()["rejected"] == []
    run_due(cast.workspace.pk)
    assert document(cast, "p1")["flow_litres"] == 12.5
    found = cast.api["auditor"].get("/api/v1/assets?kind=pump").json()["results"]
    assert [row["uid"] for row in found] == ["p1"]
    with in_workspace(cast.workspace.pk):
        lake = Asset.objects.get(kind="storage", uid="lake")
        pump = Asset.objects.get(kind="pump", uid="p1")
    for asset, name, end in ((pump, "cools", "lake"), (lake, "cooled_by", "p1")):
        relations = cast.api["auditor"].get(f"/api/v1/assets/{asset.pk}").json()["relations"]
        assert [each["ends"][0]["uid"] for each in relations if each["name"] == name] == [end]


def test_a_batch_is_projected_by_the_edition_that_its_sender_was_told_of(cast: Cast) -> None:
    send_inventory(cast.api["pipeline"], LAKE)
    declare(cast, ON_STORAGE)
    run_due(cast.workspace.pk)
    assert "data_tier" not in document(cast, "lake")
    with in_workspace(cast.workspace.pk):
        assert ImportResult.objects.get().rejected == 1


def test_what_was_received_before_an_attribute_was_retired_still_counts(cast: Cast) -> None:
    declare(cast, ON_STORAGE)
    send_inventory(cast.api["pipeline"], LAKE)
    declare(cast, {"kind": "storage", "retire": ["data_tier"]})
    run_due(cast.workspace.pk)
    assert document(cast, "lake")["data_tier"] == "gold"
    told = send_inventory(cast.api["pipeline"], LAKE | {"attributes": {"data_tier": "silver", "country": "DE"}})
    assert "it was retired in this workspace" in str(told["rejected"])
    run_due(cast.workspace.pk)
    assert document(cast, "lake")["data_tier"] == "gold"
    assert attributes(cast, "storage")["data_tier"]["retired"]
    assert "data_tier" not in cast.api["pipeline"].get("/api/v1/inventories/template?kind=storage").content.decode()


def test_the_same_content_in_the_same_edition_gets_the_same_receipt(cast: Cast) -> None:
    declare(cast, ON_STORAGE)
    dated = LAKE | {"observed_at": "2026-11-01T00:00:00Z"}
    first, again = (send_inventory(cast.api["pipeline"], dated)["receipt"] for _ in range(2))
    assert first["event_id"] == again["event_id"]
    with in_workspace(cast.workspace.pk):
        assert Event.objects.get().parameters["vocabulary"] == "1"


# ---- the record


def test_each_declaration_is_an_edition_with_a_statement(cast: Cast) -> None:
    declare(cast, ON_STORAGE)
    declare(cast, PUMP)
    with in_workspace(cast.workspace.pk):
        rows = list(VocabularyEdition.objects.order_by("number"))
        said = [row.body for row in Statement.objects.filter(action="lineage:kinds:declared").order_by("pk")]
    assert [row.number for row in rows] == [1, 2]
    assert [(each["edition"], each["content"]) for each in said] == [
        (row.number, bytes(row.digest).hex()) for row in rows
    ]
    assert list(rows[1].content["kinds"]) == ["pump", "storage"]
    assert cast.api["auditor"].get("/api/v1/kinds").json()["edition"] == 2


def test_of_two_proposals_for_one_name_the_second_is_refused_at_its_approval(cast: Cast) -> None:
    first, second = (propose(cast, ON_STORAGE).json()["id"] for _ in range(2))
    assert cast.api["officer"].post(f"/api/v1/approvals/{first}/approve", {}, "json").status_code == 200
    answer = cast.api["officer"].post(f"/api/v1/approvals/{second}/approve", {}, "json")
    assert "has this attribute already" in answer.json()["error"]["message"]
    with in_workspace(cast.workspace.pk):
        assert VocabularyEdition.objects.count() == 1


@pytest.mark.parametrize(
    "body",
    [
        {"kind": "storage", "attributes": [TIER | {"colour": "red"}]},
        {"kind": "storage", "attributes": "data_tier"},
        {"kind": "storage", "attributes": [{"name": "data_tier"}]},
        {"kind": "storage", "attributes": [TIER | {"name": "country"}]},
        {"attributes": [TIER]},
    ],
)
def test_what_cannot_be_declared_is_refused_at_the_proposal(cast: Cast, body: dict[str, Any]) -> None:
    answer = propose(cast, body)
    assert answer.status_code == 400, answer.content
    with in_workspace(cast.workspace.pk):
        assert not GovernedAct.objects.exists()


def test_the_database_refuses_an_edition_that_no_act_asks_for(cast: Cast) -> None:
    declare(cast, ON_STORAGE)
    with in_workspace(cast.workspace.pk):
        row = VocabularyEdition.objects.get()
        waiting = propose(cast, PUMP).json()["id"]
        with pytest.raises(IntegrityError, match="approved act"), transaction.atomic():
            VocabularyEdition.objects.create(
                workspace_id=cast.workspace.pk, number=2, content={}, digest=b"x", act_id=waiting,
                declared_by=row.declared_by, revision=1,
            )  # fmt: skip
        with pytest.raises(IntegrityError, match="an act declares once"), transaction.atomic():
            VocabularyEdition.objects.create(
                workspace_id=cast.workspace.pk, number=2, content={}, digest=b"x", act_id=row.act_id,
                declared_by=row.declared_by, revision=1,
            )  # fmt: skip
        with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
            VocabularyEdition.objects.update(content={})
        with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
            VocabularyEdition.objects.all().delete()


def test_the_database_refuses_an_edition_out_of_turn_or_without_a_statement(cast: Cast) -> None:
    act = propose(cast, PUMP).json()["id"]
    with in_workspace(cast.workspace.pk):
        row = GovernedAct.objects.get(pk=act)
        GovernedAct.objects.filter(pk=act).update(
            state="approved",
            decided_by=f"member:{cast.officer.pk}",
            decider=cast.officer.pk,
            decided_at=row.proposed_at,
        )
        given = {"workspace_id": cast.workspace.pk, "content": {}, "digest": b"x", "act_id": act, "revision": 1}
        given["declared_by"] = f"member:{cast.officer.pk}"
        with pytest.raises(IntegrityError, match="without a gap"), transaction.atomic():
            VocabularyEdition.objects.create(number=2, **given)
        with transaction.atomic(), connection.cursor() as cursor:
            VocabularyEdition.objects.create(number=1, **given)
            with pytest.raises(IntegrityError, match="no statement"):
                cursor.execute("SET CONSTRAINTS guard_edition_stated IMMEDIATE")
            transaction.set_rollback(True)
        # What was done to the act above has no statement either.
        transaction.set_rollback(True)


# ---- seen at once


def test_the_kinds_in_force_are_looked_up_once_while_a_workspace_is_entered(
    cast: Cast, django_assert_num_queries: Any
) -> None:
    declare(cast, PUMP)
    vocabulary_of(cast.workspace.pk)
    with in_workspace(cast.workspace.pk), django_assert_num_queries(1):
        assert "pump" in load_kinds()
        assert "pump" in load_kinds()
    assert "pump" not in load_kinds()


def test_a_declaration_holds_from_the_next_transaction_on(cast: Cast) -> None:
    with in_workspace(cast.workspace.pk):
        assert "pump" not in load_kinds()
    declare(cast, PUMP)
    with in_workspace(cast.workspace.pk):
        assert "pump" in load_kinds()
