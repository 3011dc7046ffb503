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
A_YEAR: dict[str, Any] = {"kind": "run", "days": 365, "reason": "storage limitation"}


def place(cast: Cast, role: str = "officer", **body: Any) -> dict[str, Any]:
    answer = cast.api[role].post(HOLDS, body or EVERYTHING, format="json")
    assert answer.status_code == 201, answer.content
    hold: dict[str, Any] = answer.json()
    return hold


def proposed(cast: Cast, path: str, role: str = "officer", **body: Any) -> dict[str, Any]:
    answer = cast.api[role].post(path, body, format="json")
    assert answer.status_code == 201, answer.content
    act: dict[str, Any] = answer.json()
    assert act["state"] == "proposed"
    return act


def decide(cast: Cast, act: dict[str, Any], role: str, verb: str = "approve") -> Any:
    return cast.api[role].post(f"/api/v1/approvals/{act['id']}/{verb}", {"digest": act["digest"]}, format="json")


def refused(answer: Any, status: int, code: str) -> str:
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    return str(answer.json()["error"]["message"])


def in_force(cast: Cast, **body: Any) -> dict[str, Any]:
    """Let officer propose a rule and admin approve it; return the rule."""
    act = proposed(cast, RULES, **(body or A_YEAR))
    assert decide(cast, act, "admin").status_code == 200
    [rule] = [row for row in cast.api["auditor"].get(RULES).json()["results"] if row["act"] == act["id"]]
    return dict(rule)


def acts(cast: Cast, action: str) -> list[dict[str, Any]]:
    with in_workspace(cast.workspace.pk):
        found = Statement.objects.filter(action=action).order_by("id")
        return [{"actor": each.actor, "body": each.body} for each in found]


def test_officer_places_a_hold_and_another_person_releases_it(cast: Cast) -> None:
    hold = place(cast)
    assert (hold["covers"], hold["placed_by"], hold["released_at"]) == ("all events", f"member:{cast.officer.pk}", None)
    proposal = proposed(cast, f"{HOLDS}/{hold['id']}/release", "officer", reason="settled")
    assert proposal["effect"].startswith("Release the legal hold of ")
    assert "on all events, placed for “a dispute”, reference 2026/17." in proposal["effect"]
    refused(decide(cast, proposal, "officer"), 403, "second_person_needed")
    assert cast.api["officer"].get(f"{HOLDS}?state=active").json()["results"] == [hold]
    assert decide(cast, proposal, "admin").status_code == 200
    [row] = cast.api["officer"].get(HOLDS).json()["results"]
    assert (row["released_by"], row["release_reason"]) == (f"member:{cast.admin.pk}", "settled")
    assert row["released_act"] == proposal["id"]
    again = cast.api["admin"].post(f"{HOLDS}/{hold['id']}/release", {"reason": "again"}, format="json")
    refused(again, 400, "act_refused")
    assert cast.api["officer"].get(f"{HOLDS}?state=active").json()["results"] == []
    [placed], [released] = acts(cast, "lineage:hold:placed"), acts(cast, "lineage:hold:released")
    assert placed["body"]["reason"] == "a dispute"
    assert (released["actor"], released["body"]["placed_by"]) == (f"member:{cast.admin.pk}", hold["placed_by"])
    assert (released["body"]["act"], released["body"]["proposed_by"]) == (proposal["id"], f"member:{cast.officer.pk}")


def test_who_placed_a_hold_approves_no_release_that_another_proposes(cast: Cast) -> None:
    hold = place(cast)
    proposal = proposed(cast, f"{HOLDS}/{hold['id']}/release", "admin", reason="settled")
    message = refused(decide(cast, proposal, "officer"), 403, "second_person_needed")
    assert "another person has to approve its release" in message
    assert cast.api["auditor"].get(f"{HOLDS}?state=active").json()["results"] == [hold]
    assert cast.api["auditor"].get(f"/api/v1/approvals/{proposal['id']}").json()["state"] == "proposed"


def test_without_four_eyes_who_did_not_place_a_hold_proposes_and_approves_its_release(cast: Cast) -> None:
    off = {"kind": "workspace.four_eyes", "payload": {"on": False}, "reason": "a small team"}
    decide(cast, cast.api["admin"].post("/api/v1/approvals", off, format="json").json(), "officer")
    hold = place(cast)
    mine = proposed(cast, f"{HOLDS}/{hold['id']}/release", "officer", reason="settled")
    refused(decide(cast, mine, "officer"), 403, "second_person_needed")
    hers = proposed(cast, f"{HOLDS}/{hold['id']}/release", "admin", reason="settled")
    assert decide(cast, hers, "admin").status_code == 200


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
    decide(cast, proposed(cast, f"{HOLDS}/{hold['id']}/release", reason="settled"), "admin")
    with in_workspace(cast.workspace.pk):
        assert delete_all() == {event.pk}
        assert kept() == set()


def test_officer_proposes_a_rule_and_both_see_what_it_will_delete(cast: Cast) -> None:
    with in_workspace(cast.workspace.pk):
        old_event(days=400)
        old_event(days=300)
    seen = cast.api["auditor"].get(f"{RULES}/preview?kind=run&days=365").json()
    assert (seen["would_delete"], seen["looked_at"], seen["complete"]) == (1, 1, True)
    proposal = proposed(cast, RULES, **A_YEAR)
    assert "for 365 days, then delete them for good. No rule is in force for just these." in proposal["effect"]
    assert "delete 1 of the 1 old enough to be looked at; 0 are under a legal hold." in proposal["effect"]
    assert cast.api["auditor"].get(RULES).json()["results"] == []
    with in_workspace(cast.workspace.pk):
        assert delete_all() == set()
    refused(decide(cast, proposal, "officer"), 403, "second_person_needed")
    assert decide(cast, proposal, "admin").status_code == 200
    [rule] = cast.api["auditor"].get(RULES).json()["results"]
    assert (rule["covers"], rule["days"], rule["reason"]) == ("kind run", 365, "storage limitation")
    assert (rule["act"], rule["set_by"]) == (proposal["id"], f"member:{cast.admin.pk}")
    [act] = acts(cast, "lineage:retention:changed")
    assert (act["actor"], act["body"]["days"]) == (f"member:{cast.admin.pk}", 365)
    assert (act["body"]["act"], act["body"]["proposed_by"]) == (proposal["id"], f"member:{cast.officer.pk}")
    with in_workspace(cast.workspace.pk):
        assert len(delete_all()) == 1


def test_a_rule_that_was_rejected_deletes_nothing(cast: Cast) -> None:
    with in_workspace(cast.workspace.pk):
        old_event(days=400)
    assert decide(cast, proposed(cast, RULES, **A_YEAR), "admin", "reject").status_code == 200
    with in_workspace(cast.workspace.pk):
        assert delete_all() == set()
        assert not RetentionRule.objects.exists()


def test_a_proposal_says_whether_it_keeps_for_shorter_or_longer(cast: Cast) -> None:
    in_force(cast)
    assert "shorter than the rule in force, 365 days" in proposed(cast, RULES, **A_YEAR | {"days": 90})["effect"]
    assert "longer than the rule in force, 365 days" in proposed(cast, RULES, **A_YEAR | {"days": 900})["effect"]
    same = cast.api["admin"].post(RULES, A_YEAR, format="json")
    assert "there is nothing to change" in refused(same, 400, "act_refused")


def test_a_rule_that_another_has_overtaken_is_not_put_in_force(cast: Cast) -> None:
    shorter, longer = (proposed(cast, RULES, **A_YEAR | {"days": days}) for days in (90, 900))
    assert decide(cast, longer, "admin").status_code == 200
    message = refused(decide(cast, shorter, "admin"), 400, "act_refused")
    assert "Since this was proposed the rule for kind run has changed: got 900 days." in message
    assert [row["days"] for row in cast.api["auditor"].get(f"{RULES}?state=active").json()["results"]] == [900]


def test_a_rule_is_replaced_and_ended(cast: Cast) -> None:
    first = in_force(cast)
    second = in_force(cast, **A_YEAR | {"days": 90})
    active = cast.api["auditor"].get(f"{RULES}?state=active").json()["results"]
    assert [row["id"] for row in active] == [second["id"]]
    rows = {row["id"]: row for row in cast.api["auditor"].get(RULES).json()["results"]}
    assert rows[first["id"]]["ended_by"] == f"member:{cast.admin.pk}"
    path = f"{RULES}/{second['id']}/end"
    proposal, twin = (proposed(cast, path, "admin", reason="kept elsewhere") for _ in range(2))
    refused(decide(cast, proposal, "admin"), 403, "second_person_needed")
    assert decide(cast, proposal, "officer").status_code == 200
    [ended] = [row for row in cast.api["auditor"].get(RULES).json()["results"] if row["id"] == second["id"]]
    assert (ended["ended_by"], ended["ended_act"]) == (f"member:{cast.officer.pk}", proposal["id"])
    refused(decide(cast, twin, "officer"), 400, "act_refused")
    refused(cast.api["officer"].post(path, {"reason": "again"}, format="json"), 400, "act_refused")
    [act] = acts(cast, "lineage:retention:ended")
    assert (act["body"]["reason"], act["body"]["act"]) == ("kept elsewhere", proposal["id"])


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
    for kind, payload in (("retention.set", {"days": 9}), ("hold.release", {"hold": hold["id"]})):
        act = {"kind": kind, "payload": payload, "reason": "x"}
        assert cast.api[role].post("/api/v1/approvals", act, format="json").status_code == 403
    assert cast.api["officer"].get(f"{HOLDS}?state=active").json()["results"] == [hold]


def test_a_token_speaks_for_nobody_whatever_its_role(cast: Cast) -> None:
    client = bearer(cast.token(Role.ADMIN))
    for path, body in ((HOLDS, EVERYTHING), (RULES, A_YEAR)):
        answer = client.post(path, body, format="json")
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "person_needed")


def test_outsider_cannot_see_that_the_hold_or_the_rule_exists(cast: Cast) -> None:
    hold = place(cast)
    rule = in_force(cast)
    outsider = cast.api["outsider"]
    assert outsider.get(HOLDS).json()["results"] == []
    assert outsider.get(RULES).json()["results"] == []
    assert outsider.post(f"{HOLDS}/{hold['id']}/release", {"reason": "x"}, format="json").status_code == 404
    assert outsider.post(f"{RULES}/{rule['id']}/end", {"reason": "x"}, format="json").status_code == 404
    assert cast.api["auditor"].get(f"{HOLDS}?state=active").json()["results"] == [hold]
