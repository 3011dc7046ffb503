"""Holds and rules by the API: who may, what is answered, what stands in the journal."""

from typing import Any

import pytest

from accounts.journal.models import Statement
from accounts.members.models import Role
from accounts.workspaces.isolation import in_workspace
from lineage.retention.models import LegalHold, RetentionRule
from tests.support.cast import Cast, bearer
from tests.support.retention import delete_all, keep_for, kept, old_event

HOLDS, RULES = "/api/v1/legal-holds", "/api/v1/retention-rules"
EVERYTHING = {"scope": "everything", "reason": "a dispute", "reference": "2026/17"}
A_YEAR = {"kind": "run", "days": 365, "reason": "storage limitation"}


def place(cast: Cast, role: str = "officer", **body: Any) -> dict[str, Any]:
    answer = cast.api[role].post(HOLDS, body or EVERYTHING, format="json")
    assert answer.status_code == 201, answer.content
    hold: dict[str, Any] = answer.json()
    return hold


def acts(cast: Cast, action: str) -> list[dict[str, Any]]:
    with in_workspace(cast.workspace.pk):
        found = Statement.objects.filter(action=action).order_by("id")
        return [{"actor": each.actor, "body": each.body} for each in found]


def test_officer_places_a_hold_and_another_person_releases_it(cast: Cast) -> None:
    hold = place(cast)
    assert (hold["covers"], hold["placed_by"], hold["released_at"]) == ("all events", f"member:{cast.officer.pk}", None)
    path = f"{HOLDS}/{hold['id']}/release"
    mine = cast.api["officer"].post(path, {"reason": "settled"}, format="json")
    assert (mine.status_code, mine.json()["error"]["code"]) == (403, "second_person_needed")
    assert cast.api["officer"].get(f"{HOLDS}?state=active").json()["results"] == [hold]
    done = cast.api["admin"].post(path, {"reason": "settled"}, format="json").json()
    assert (done["released"], done["hold"]["released_by"]) == (True, f"member:{cast.admin.pk}")
    assert cast.api["admin"].post(path, {"reason": "again"}, format="json").json()["released"] is False
    assert cast.api["officer"].get(f"{HOLDS}?state=active").json()["results"] == []
    [placed], [released] = acts(cast, "lineage:hold:placed"), acts(cast, "lineage:hold:released")
    assert placed["body"]["reason"] == "a dispute"
    assert (released["actor"], released["body"]["placed_by"]) == (f"member:{cast.admin.pk}", hold["placed_by"])


def test_each_scope_is_placed_as_described(cast: Cast) -> None:
    bodies: list[dict[str, Any]] = [
        {"scope": "namespace", "namespace": "s3://lake-eu"},
        {"scope": "sender", "sender": "token:x"},
        {"scope": "source", "source": "cmdb"},
        {"scope": "received", "received_from": "2026-01-01T00:00:00Z", "received_until": "2026-02-01T00:00:00Z"},
        {"scope": "event", "event": "01900000-0000-7000-8000-000000000000"},
    ]
    for body in bodies:
        hold = place(cast, **body, reason="a dispute")
        assert {name: hold[name] for name in body} == body
    assert len(acts(cast, "lineage:hold:placed")) == len(bodies)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"scope": "everything"}, "invalid"),
        ({"scope": "namespace", "reason": "x"}, "retention_refused"),
        ({"scope": "everything", "sender": "token:x", "reason": "x"}, "retention_refused"),
        ({"scope": "asset", "asset_kind": "dataset", "asset_uid": "nowhere", "reason": "x"}, "retention_refused"),
        (
            {
                "scope": "received",
                "received_from": "2026-02-01T00:00:00Z",
                "received_until": "2026-01-01T00:00:00Z",
                "reason": "x",
            },
            "retention_refused",
        ),
    ],
    ids=["no reason", "no value", "too much", "unknown asset", "turned round"],
)
def test_a_hold_that_cannot_be_meant_is_refused(cast: Cast, body: dict[str, Any], code: str) -> None:
    answer = cast.api["officer"].post(HOLDS, body, format="json")
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, code)
    with in_workspace(cast.workspace.pk):
        assert not LegalHold.objects.exists()


def test_a_held_event_stays_and_goes_after_the_release(cast: Cast) -> None:
    hold = place(cast)
    with in_workspace(cast.workspace.pk):
        keep_for(10)
        event = old_event()
        assert delete_all() == set()
    cast.api["admin"].post(f"{HOLDS}/{hold['id']}/release", {"reason": "settled"}, format="json")
    with in_workspace(cast.workspace.pk):
        assert delete_all() == {event.pk}
        assert kept() == set()


def test_officer_sets_a_rule_and_sees_what_it_will_delete(cast: Cast) -> None:
    with in_workspace(cast.workspace.pk):
        old_event(days=400)
        old_event(days=300)
    seen = cast.api["auditor"].get(f"{RULES}/preview?kind=run&days=365").json()
    answer = cast.api["officer"].post(RULES, A_YEAR, format="json")
    assert answer.status_code == 201
    made = answer.json()
    assert made["preview"] == seen
    assert (seen["would_delete"], seen["looked_at"], seen["complete"]) == (1, 1, True)
    assert (made["rule"]["covers"], made["rule"]["days"]) == ("kind run", 365)
    [act] = acts(cast, "lineage:retention:changed")
    assert (act["actor"], act["body"]["days"]) == (f"member:{cast.officer.pk}", 365)


def test_a_rule_is_replaced_and_ended(cast: Cast) -> None:
    first = cast.api["officer"].post(RULES, A_YEAR, format="json").json()["rule"]
    second = cast.api["admin"].post(RULES, A_YEAR | {"days": 90}, format="json").json()["rule"]
    active = cast.api["auditor"].get(f"{RULES}?state=active").json()["results"]
    assert [row["id"] for row in active] == [second["id"]]
    rows = {row["id"]: row for row in cast.api["auditor"].get(RULES).json()["results"]}
    assert rows[first["id"]]["ended_by"] == f"member:{cast.admin.pk}"
    ended = cast.api["officer"].post(f"{RULES}/{second['id']}/end").json()
    assert (ended["ended"], ended["rule"]["ended_by"]) == (True, f"member:{cast.officer.pk}")
    assert cast.api["officer"].post(f"{RULES}/{second['id']}/end").json()["ended"] is False
    assert len(acts(cast, "lineage:retention:ended")) == 1


@pytest.mark.parametrize("days", [0, -1, 1.5, "many", 40_000])
def test_days_that_cannot_be_are_refused(cast: Cast, days: object) -> None:
    answer = cast.api["officer"].post(RULES, A_YEAR | {"days": days}, format="json")
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid")
    with in_workspace(cast.workspace.pk):
        assert not RetentionRule.objects.exists()


@pytest.mark.parametrize("role", ["auditor", "engineer", "pipeline"])
def test_who_manages_no_retention_neither_holds_nor_deletes(cast: Cast, role: str) -> None:
    hold = place(cast)
    for path, body in ((HOLDS, EVERYTHING), (RULES, A_YEAR), (f"{HOLDS}/{hold['id']}/release", {"reason": "x"})):
        assert cast.api[role].post(path, body, format="json").status_code == 403
    assert cast.api["officer"].get(f"{HOLDS}?state=active").json()["results"] == [hold]


def test_a_token_speaks_for_nobody_whatever_its_role(cast: Cast) -> None:
    client = bearer(cast.token(Role.ADMIN))
    for path, body in ((HOLDS, EVERYTHING), (RULES, A_YEAR)):
        answer = client.post(path, body, format="json")
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "person_needed")


def test_outsider_cannot_see_that_the_hold_or_the_rule_exists(cast: Cast) -> None:
    hold = place(cast)
    rule = cast.api["officer"].post(RULES, A_YEAR, format="json").json()["rule"]
    outsider = cast.api["outsider"]
    assert outsider.get(HOLDS).json()["results"] == []
    assert outsider.get(RULES).json()["results"] == []
    assert outsider.post(f"{HOLDS}/{hold['id']}/release", {"reason": "x"}, format="json").status_code == 404
    assert outsider.post(f"{RULES}/{rule['id']}/end").status_code == 404
    assert cast.api["auditor"].get(f"{HOLDS}?state=active").json()["results"] == [hold]
