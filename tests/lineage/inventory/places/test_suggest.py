"""What may serve a namespace is suggested by likeness alone, the same every time; accepting it is a governed act."""

import uuid
from typing import Any

import pytest

from accounts.workspaces.isolation import in_workspace
from audit.pipeline import run_due
from lineage.inventory.models import Asset, DerivedFact, NamespaceJoin
from lineage.inventory.places.suggest import LEAST, Stores, host_of, scheme_of, store_of
from policies.evaluation.queries import current_verdicts, verdict_row
from tests.support.cast import Cast
from tests.support.estate import send_inventory

pytestmark = pytest.mark.django_db(transaction=True)

NAMESPACE = "postgres://db-prod.bank.example:5432"
DATASET: dict[str, Any] = {
    "kind": "dataset",
    "uid": "postgres%3A%2F%2Fdb-prod.bank.example%3A5432/public.accounts",
    "name": "accounts",
    "attributes": {"environment": "prod", "residency_limited": True, "allowed_countries": ["DE"]},
}
STORE: dict[str, Any] = {
    "kind": "storage",
    "uid": "db-prod",
    "name": "db-prod.bank.example",
    "origin": "measured",
    "attributes": {"country": "US", "replica_countries": [], "lineage_namespaces": ["postgres://other"]},
}
FAR: dict[str, Any] = {"kind": "storage", "uid": "zzz", "name": "Quarterly tapes", "attributes": {"country": "DE"}}


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("s3://Lake-EU/raw", "lake-eu"),
        ("postgres://db:5432", "db"),
        ("postgres://user@db.example:5432/x", "db.example"),
        ("arn:aws:s3:::lake-eu", "lake-eu"),
        ("s3://arn:aws:s3:::lake", "lake"),
        ("Lake EU", "lake eu"),
        ("", ""),
    ],
)
def test_what_tells_one_store_from_another_is_the_host(text: str, host: str) -> None:
    assert host_of(text) == host


def test_a_name_is_no_address() -> None:
    assert (scheme_of("S3://lake"), scheme_of("lake")) == ("s3", "")


def store(number: int, uid: str, name: str = "", *served: str) -> Any:
    return store_of(uuid.UUID(int=number), uid, name, served)


def test_the_likeliest_comes_first_and_the_scheme_decides_between_equals() -> None:
    found = Stores(
        [
            store(1, "a", "lake-eu"),
            store(2, "b", "lake-eu", "s3://elsewhere"),
            store(3, "c", "lake-eu-2"),
            store(4, "tapes"),
        ]
    ).like("s3://lake-eu")
    assert [(each.uid, each.likeness) for each in found[:2]] == [("b", 100), ("a", 90)]
    assert [each.uid for each in found] == ["b", "a", "c"]
    assert all(each.likeness >= LEAST for each in found)


def test_of_equal_ones_the_first_by_key_comes_first_whatever_the_order() -> None:
    several = [store(number, f"k{number}", "lake-eu") for number in range(9)]
    assert Stores(several).like("s3://lake-eu") == Stores(several[::-1]).like("s3://lake-eu")
    assert [each.uid for each in Stores(several).like("s3://lake-eu")] == ["k0", "k1", "k2", "k3", "k4"]


def test_nothing_is_suggested_for_a_namespace_like_nothing() -> None:
    assert Stores([store(1, "a", "lake-eu")]).like("kafka://broker:9092") == ()
    assert Stores([]).like("") == ()


@pytest.fixture
def apart(cast: Cast) -> Cast:
    """A dataset bound to Germany, in a namespace that no storage serves; its storage is in the United States."""
    send_inventory(cast.api["pipeline"], DATASET, STORE, FAR)
    run_due(cast.workspace.pk)
    return cast


def listed(cast: Cast, path: str = "joins/suggestions", who: str = "auditor") -> list[dict[str, Any]]:
    answer = cast.api[who].get(f"/api/v1/{path}")
    assert answer.status_code == 200, answer.json()
    rows: list[dict[str, Any]] = answer.json()["results"]
    return rows


def propose(cast: Cast, kind: str, payload: dict[str, Any], who: str = "engineer") -> Any:
    wanted = {"kind": kind, "payload": payload, "reason": "It is that database."}
    return cast.api[who].post("/api/v1/approvals", wanted, format="json")


def decide(cast: Cast, kind: str, payload: dict[str, Any]) -> None:
    act = propose(cast, kind, payload)
    assert act.status_code == 201, act.json()
    answer = cast.api["officer"].post(f"/api/v1/approvals/{act.json()['id']}/approve", {}, format="json")
    assert answer.status_code == 200, answer.json()
    run_due(cast.workspace.pk)


def accept(cast: Cast) -> None:
    (found,) = listed(cast)
    decide(cast, "join.accept", {"namespace": NAMESPACE, "storage": found["candidates"][0]["storage"]})


def residency(cast: Cast) -> str:
    with in_workspace(cast.workspace.pk):
        (row,) = current_verdicts(check="SOV-04")
        return str(verdict_row(row)["verdict"])


def where_it_lies(cast: Cast) -> tuple[Any, set[str]]:
    with in_workspace(cast.workspace.pk):
        dataset = Asset.objects.get(kind="dataset")
        return dataset.document.get("storage_countries"), set(dataset.known_relations)


def test_a_namespace_that_nothing_serves_is_listed_with_what_may(apart: Cast) -> None:
    (found,) = listed(apart)
    assert (found["namespace"], found["datasets"]) == (NAMESPACE, 1)
    assert [(each["uid"], each["likeness"]) for each in found["candidates"]] == [("db-prod", 100)]


def test_a_suggestion_joins_nothing(apart: Cast) -> None:
    listed(apart)
    assert where_it_lies(apart)[0] is None


def test_accepted_it_decides_where_the_data_lies_and_what_the_checks_say(apart: Cast) -> None:
    before = residency(apart)
    accept(apart)
    assert where_it_lies(apart) == (["US"], {"stored_in"})
    assert (before, residency(apart)) == ("unknown", "fail")
    assert listed(apart) == []


def test_its_source_is_kept_beside_what_the_storage_reports(apart: Cast) -> None:
    accept(apart)
    with in_workspace(apart.workspace.pk):
        join = NamespaceJoin.objects.get()
        fact = DerivedFact.objects.get(name="lineage_namespaces", rev_to__isnull=True)
        storage = Asset.objects.get(uid="db-prod")
    assert fact.derivation == "accepted_joins@1"
    assert fact.value == [NAMESPACE, "postgres://other"]
    assert fact.inputs[0] == {"accepted": NAMESPACE, "act": str(join.act_id)}
    assert storage.provenance["lineage_namespaces"]["grade"] == "C"
    (row,) = listed(apart, "joins?state=active")
    assert (row["namespace"], row["uid"], row["act"]) == (NAMESPACE, "db-prod", str(join.act_id))


def test_what_the_storage_reports_later_stands_beside_it(apart: Cast) -> None:
    accept(apart)
    served = {**STORE["attributes"], "lineage_namespaces": ["postgres://third"]}
    send_inventory(apart.api["pipeline"], {**STORE, "attributes": served})
    run_due(apart.workspace.pk)
    with in_workspace(apart.workspace.pk):
        assert Asset.objects.get(uid="db-prod").document["lineage_namespaces"] == [NAMESPACE, "postgres://third"]
    assert where_it_lies(apart)[0] == ["US"]


def test_withdrawn_it_is_as_before(apart: Cast) -> None:
    accept(apart)
    decide(apart, "join.withdraw", {"join": listed(apart, "joins")[0]["id"]})
    assert where_it_lies(apart)[0] is None
    assert residency(apart) == "unknown"
    assert len(listed(apart)) == 1
    (row,) = listed(apart, "joins")
    assert row["ended_act"] is not None
    assert listed(apart, "joins?state=active") == []


def test_nobody_joins_alone_where_four_eyes_are_asked_for(apart: Cast) -> None:
    storage = listed(apart)[0]["candidates"][0]["storage"]
    act = propose(apart, "join.accept", {"namespace": NAMESPACE, "storage": storage}, "officer").json()
    answer = apart.api["officer"].post(f"/api/v1/approvals/{act['id']}/approve", {}, format="json")
    assert answer.json()["error"]["code"] == "second_person_needed"
    run_due(apart.workspace.pk)
    assert where_it_lies(apart)[0] is None


def test_the_effect_says_how_many_datasets_and_where_they_then_lie(apart: Cast) -> None:
    storage = listed(apart)[0]["candidates"][0]["storage"]
    effect = propose(apart, "join.accept", {"namespace": NAMESPACE, "storage": storage}).json()["effect"]
    assert "1 dataset then count as stored there, in US" in effect


@pytest.mark.parametrize("namespace", ["postgres://nobody:1", "postgres://db-prod.bank.example:54"])
def test_a_namespace_without_datasets_cannot_be_joined(apart: Cast, namespace: str) -> None:
    storage = listed(apart)[0]["candidates"][0]["storage"]
    answer = propose(apart, "join.accept", {"namespace": namespace, "storage": storage})
    assert answer.status_code == 400
    assert "in which no dataset is known" in answer.json()["error"]["message"]


def test_what_serves_it_already_is_not_joined_again(apart: Cast) -> None:
    storage = listed(apart)[0]["candidates"][0]["storage"]
    accept(apart)
    answer = propose(apart, "join.accept", {"namespace": NAMESPACE, "storage": storage})
    assert "already" in answer.json()["error"]["message"]


def test_pages_of_suggestions_follow_each_other(cast: Cast) -> None:
    names = [f"kafka://broker-{number}:9092" for number in range(3)]
    quoted = [name.replace(":", "%3A").replace("/", "%2F") for name in names]
    send_inventory(cast.api["pipeline"], *({**DATASET, "uid": f"{each}/t"} for each in quoted))
    run_due(cast.workspace.pk)
    first = cast.api["officer"].get("/api/v1/joins/suggestions?limit=2").json()
    rest = cast.api["officer"].get("/api/v1/joins/suggestions", {"limit": 2, "after": first["next"]}).json()
    assert [row["namespace"] for row in [*first["results"], *rest["results"]]] == names
    assert rest["next"] is None


@pytest.mark.parametrize("path", ["joins", "joins/suggestions"])
def test_outsider_sees_no_namespace_of_ours(apart: Cast, path: str) -> None:
    accept(apart)
    assert listed(apart, path, "outsider") == []


@pytest.mark.parametrize("path", ["joins", "joins/suggestions"])
def test_pipeline_posts_inventories_and_reads_no_joins(apart: Cast, path: str) -> None:
    assert apart.api["pipeline"].get(f"/api/v1/{path}").status_code == 403
