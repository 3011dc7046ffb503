"""A governed act is proposed by one person and decided by another; what was proposed is what is approved."""

import datetime
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from django.db import IntegrityError, connection, transaction
from django.db.utils import ProgrammingError
from django.utils import timezone

from accounts.approvals.decide import expire
from accounts.approvals.kinds import ActKind, kinds, register
from accounts.approvals.models import GovernedAct
from accounts.journal.models import Statement
from accounts.members.manage import add_member, create_token, remove_member
from accounts.members.models import Membership, Role
from accounts.workspaces.ids import new_id
from accounts.workspaces.isolation import in_workspace
from accounts.workspaces.models import Workspace
from config.stack.embedded import Embedded
from tests.support.cast import Cast, bearer

OFF = {"kind": "workspace.four_eyes", "payload": {"on": False}, "reason": "The second person is on leave."}


def propose(cast: Cast, role: str = "admin", body: Any = OFF) -> Any:
    return cast.api[role].post("/api/v1/approvals", body, "json")


def proposed(cast: Cast) -> str:
    answer = propose(cast)
    assert answer.status_code == 201, answer.content
    return str(answer.json()["id"])


def decide(cast: Cast, act: str, verb: str, role: str = "officer", **body: str) -> Any:
    return cast.api[role].post(f"/api/v1/approvals/{act}/{verb}", body, "json")


def refused(answer: Any, status: int, code: str) -> str:
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code), answer.content
    return str(answer.json()["error"]["message"])


def four_eyes(cast: Cast) -> bool:
    return Workspace.objects.get(pk=cast.workspace.pk).four_eyes


def actions(cast: Cast) -> list[str]:
    with in_workspace(cast.workspace.pk):
        rows = Statement.objects.filter(action__startswith="accounts:act:").order_by("pk")
        return [row.action.rpartition(":")[2] for row in rows]


# ---- two persons


def test_a_workspace_asks_for_four_eyes_from_its_first_day(cast: Cast) -> None:
    assert four_eyes(cast)


def test_admin_proposes_and_officer_approves_and_it_is_in_force(cast: Cast) -> None:
    act = proposed(cast)
    assert four_eyes(cast)
    answer = decide(cast, act, "approve", note="Seen.")
    assert answer.status_code == 200
    row = answer.json()
    assert (row["state"], row["note"], row["four_eyes"]) == ("approved", "Seen.", True)
    assert (row["proposed_by"], row["decided_by"]) == (f"member:{cast.admin.pk}", f"member:{cast.officer.pk}")
    assert not four_eyes(cast)
    assert actions(cast) == ["proposed", "approved"]


def test_the_proposer_cannot_decide_and_is_told_who_can(cast: Cast) -> None:
    act = proposed(cast)
    for verb in ("approve", "reject"):
        assert "another person" in refused(decide(cast, act, verb, "admin"), 403, "second_person_needed")
    assert four_eyes(cast)
    assert actions(cast) == ["proposed"]


def test_the_database_refuses_the_proposer_whatever_the_code_does(cast: Cast) -> None:
    act = proposed(cast)
    with in_workspace(cast.workspace.pk):
        row = GovernedAct.objects.get(pk=act)
        same = {"decided_by": row.proposed_by, "decider": row.proposer, "decided_at": timezone.now()}
        for state in ("approved", "rejected"):
            with pytest.raises(IntegrityError, match="act_needs_another_person"), transaction.atomic():
                GovernedAct.objects.filter(pk=act).update(state=state, **same)
        with pytest.raises(IntegrityError, match="act_four_eyes_needs_two_persons"), transaction.atomic():
            GovernedAct.objects.filter(pk=act).update(state="approved", four_eyes=False, **same)


def test_the_database_refuses_what_was_not_proposed_decided_twice_or_by_one_person_alone(cast: Cast) -> None:
    first, second = proposed(cast), proposed(cast)
    decide(cast, first, "reject")
    decision = {"decided_by": f"member:{cast.officer.pk}", "decider": cast.officer.pk, "decided_at": timezone.now()}
    with in_workspace(cast.workspace.pk):
        with pytest.raises(IntegrityError, match="decided once"), transaction.atomic():
            GovernedAct.objects.filter(pk=first).update(state="approved", **decision)
        row = GovernedAct.objects.get(pk=second)
        row.pk, row.kind, row.state = new_id(), "masking.approve", "approved"
        with pytest.raises(IntegrityError, match="proposed before it is decided"), transaction.atomic():
            row.save(force_insert=True)
        row.state, row.four_eyes = "proposed", False
        row.save(force_insert=True)
        with pytest.raises(IntegrityError, match="asks for four eyes"), transaction.atomic():
            GovernedAct.objects.filter(pk=row.pk).update(state="approved", **decision)
        transaction.set_rollback(True)


def test_an_act_does_not_commit_without_its_statement(cast: Cast) -> None:
    act = proposed(cast)
    decision = {"decided_by": f"member:{cast.officer.pk}", "decider": cast.officer.pk, "decided_at": timezone.now()}

    def as_by_sql(state: str) -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            GovernedAct.objects.filter(pk=act).update(state=state, **decision)
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # as a commit does

    with in_workspace(cast.workspace.pk):
        for state in ("approved", "rejected", "withdrawn"):
            with pytest.raises(IntegrityError, match=f"no statement that it is {state}"):
                as_by_sql(state)


def test_what_was_proposed_can_neither_be_changed_nor_deleted_by_the_app(cast: Cast) -> None:
    act = proposed(cast)
    with in_workspace(cast.workspace.pk):
        for column, value in {"payload": {"on": True}, "proposer": cast.officer.pk, "reason": "x", "kind": "x"}.items():
            with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
                GovernedAct.objects.filter(pk=act).update(**{column: value})
        with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
            GovernedAct.objects.filter(pk=act).delete()


def test_four_eyes_are_turned_on_and_off_by_two_persons_even_while_they_are_off(cast: Cast) -> None:
    decide(cast, proposed(cast), "approve")
    answer = propose(cast, body=OFF | {"payload": {"on": True}})
    assert answer.json()["four_eyes"] is True
    refused(decide(cast, answer.json()["id"], "approve", "admin"), 403, "second_person_needed")
    assert decide(cast, answer.json()["id"], "approve").status_code == 200
    assert four_eyes(cast)


def test_an_act_that_changes_nothing_is_refused_when_proposed_and_when_approved(cast: Cast) -> None:
    assert "already" in refused(propose(cast, body=OFF | {"payload": {"on": True}}), 400, "act_refused")
    first, second = proposed(cast), proposed(cast)
    assert decide(cast, first, "approve").status_code == 200
    refused(decide(cast, second, "approve"), 400, "act_refused")
    with in_workspace(cast.workspace.pk):
        assert GovernedAct.objects.get(pk=second).state == "proposed"  # nothing of the approval was kept
    assert actions(cast) == ["proposed", "proposed", "approved"]


# ---- tokens


def test_a_token_proposes_for_the_member_who_made_it_and_she_cannot_approve(cast: Cast) -> None:
    with in_workspace(cast.workspace.pk):
        secret = create_token("gitops", Role.ADMIN, actor="command", created_by=cast.admin).secret
    answer = bearer(secret).post("/api/v1/approvals", OFF, "json")
    assert answer.status_code == 201
    assert answer.json()["proposed_by"].startswith("token:")
    refused(decide(cast, answer.json()["id"], "approve", "admin"), 403, "second_person_needed")
    assert decide(cast, answer.json()["id"], "approve").status_code == 200


def test_a_token_without_a_member_behind_it_proposes_nothing(cast: Cast) -> None:
    message = refused(bearer(cast.token(Role.ADMIN)).post("/api/v1/approvals", OFF, "json"), 403, "person_needed")
    assert "has no member behind it" in message
    with in_workspace(cast.workspace.pk):
        gone = add_member("gone@ours.example", "admin", actor="command")
        secret = create_token("gitops", Role.ADMIN, actor="command", created_by=gone.user).secret
        remove_member(gone, actor="command")
    refused(bearer(secret).post("/api/v1/approvals", OFF, "json"), 403, "person_needed")


def test_no_token_approves_or_rejects_whoever_made_it(cast: Cast) -> None:
    act = proposed(cast)
    with in_workspace(cast.workspace.pk):
        secret = create_token("bot", Role.OFFICER, actor="command", created_by=cast.officer).secret
    for verb in ("approve", "reject"):
        refused(bearer(secret).post(f"/api/v1/approvals/{act}/{verb}", {}, "json"), 403, "person_needed")
    assert four_eyes(cast)


# ---- other ends


def test_a_rejected_act_changes_nothing_and_stays_on_record(cast: Cast) -> None:
    act = proposed(cast)
    assert decide(cast, act, "reject", note="Not now.").json()["state"] == "rejected"
    assert four_eyes(cast)
    assert actions(cast) == ["proposed", "rejected"]


def test_its_proposer_alone_withdraws_an_act(cast: Cast) -> None:
    act = proposed(cast)
    assert "Only who proposed" in refused(decide(cast, act, "withdraw"), 400, "act_refused")
    assert decide(cast, act, "withdraw", "admin").json()["state"] == "withdrawn"
    assert actions(cast) == ["proposed", "withdrawn"]


def test_a_decision_is_made_once(cast: Cast) -> None:
    act = proposed(cast)
    decide(cast, act, "approve")
    for verb, role in (("approve", "officer"), ("reject", "officer"), ("withdraw", "admin")):
        refused(decide(cast, act, verb, role), 400, "act_decided")


def test_nobody_decides_what_has_expired_and_its_end_is_on_record(cast: Cast) -> None:
    act = proposed(cast)
    end = timezone.now() + datetime.timedelta(days=15)
    assert expire(timezone.now()) == 0
    assert expire(end) == 1
    assert expire(end) == 0
    refused(decide(cast, act, "approve"), 400, "act_decided")
    assert four_eyes(cast)
    assert actions(cast) == ["proposed", "expired"]


@pytest.mark.django_db(transaction=True)
def test_what_is_over_and_not_closed_yet_is_refused_too(stack: Embedded, cast: Cast) -> None:
    act = proposed(cast)
    with psycopg.connect(stack.superuser_url) as superuser:
        superuser.execute(
            "UPDATE accounts_governedact"
            " SET proposed_at = now() - interval '2 days', valid_until = now() - interval '1 hour'"
        )
    assert "Propose it again" in refused(decide(cast, act, "approve"), 400, "act_expired")


def test_another_digest_than_that_of_the_act_is_refused(cast: Cast) -> None:
    answer = propose(cast).json()
    refused(decide(cast, answer["id"], "approve", digest="0" * 64), 400, "act_changed")
    assert decide(cast, answer["id"], "approve", digest=answer["digest"]).status_code == 200


def test_the_sealed_record_holds_the_whole_act_and_its_digest(cast: Cast) -> None:
    answer = propose(cast).json()
    decide(cast, answer["id"], "approve")
    with in_workspace(cast.workspace.pk):
        statement = Statement.objects.get(action="accounts:act:approved")
    assert statement.subjects == [{"name": f"act:{answer['id']}", "digest": {"sha256": answer["digest"]}}]
    said = statement.body
    assert (said["kind"], said["payload"], said["reason"]) == (OFF["kind"], OFF["payload"], OFF["reason"])
    assert said["proposed_by"] != said["decided_by"]
    assert statement.actor == said["decided_by"]


# ---- what is refused


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "an unknown kind": (OFF | {"kind": "workspace.fore_eyes"}, "act_kind_unknown"),
    "no reason": (OFF | {"reason": "  "}, "invalid"),
    "a reason without end": (OFF | {"reason": "x" * 2001}, "act_refused"),
    "an unknown member": (OFF | {"payload": {"on": False, "off": True}}, "unknown_field"),
    "a payload of another type": (OFF | {"payload": {"on": "perhaps"}}, "invalid"),
    "no payload": (OFF | {"payload": []}, "invalid"),
    "too long a validity": (OFF | {"valid_days": 91}, "act_refused"),
    "a validity of nothing": (OFF | {"valid_days": 0}, "act_refused"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_proposal_that_cannot_be_meant_is_refused(cast: Cast, case: str) -> None:
    body, code = BAD[case]
    refused(propose(cast, body=body), 400, code)
    with in_workspace(cast.workspace.pk):
        assert not GovernedAct.objects.exists()


def test_an_unknown_kind_is_answered_with_the_nearest(cast: Cast) -> None:
    message = refused(propose(cast, body=OFF | {"kind": "workspace.fore_eyes"}), 400, "act_kind_unknown")
    assert "Did you mean 'workspace.four_eyes'?" in message


def test_every_kind_of_the_vocabulary_is_registered_once() -> None:
    assert [kind.name for kind in kinds()] == sorted(ActKind)
    with pytest.raises(ValueError, match="registered twice"):
        register(replace(kinds()[0], title="Another"))


# ---- who


def test_officer_may_not_propose_to_change_the_setting_and_auditor_changes_nothing(cast: Cast) -> None:
    assert "GOVERN" not in refused(propose(cast, "officer"), 403, "permission_denied")
    act = proposed(cast)
    for call in (lambda: propose(cast, "auditor"), lambda: decide(cast, act, "approve", "auditor")):
        refused(call(), 403, "permission_denied")


def test_engineer_proposes_no_change_of_the_setting_and_decides_nothing(cast: Cast) -> None:
    refused(propose(cast, "engineer"), 403, "permission_denied")
    act = proposed(cast)
    for verb in ("approve", "reject"):
        refused(decide(cast, act, verb, "engineer"), 403, "permission_denied")
    assert four_eyes(cast)
    assert actions(cast) == ["proposed"]


def test_pipeline_and_nobody_see_and_propose_nothing(cast: Cast) -> None:
    calls: list[tuple[str, Callable[[Any], Any]]] = [
        ("list", lambda api: api.get("/api/v1/approvals")),
        ("propose", lambda api: api.post("/api/v1/approvals", OFF, "json")),
    ]
    for name, call in calls:
        assert call(cast.api["pipeline"]).status_code == 403, name
        assert call(cast.api["nobody"]).status_code == 401, name


def test_outsider_cannot_see_that_the_act_exists(cast: Cast) -> None:
    act = proposed(cast)
    outsider = cast.api["outsider"]
    assert outsider.get("/api/v1/approvals").json()["results"] == []
    assert outsider.get(f"/api/v1/approvals/{act}").status_code == 404
    for verb in ("approve", "reject", "withdraw"):
        assert decide(cast, act, verb, "outsider").status_code == 404
    assert actions(cast) == ["proposed"]


def test_auditor_lists_acts_by_state_and_kind_newest_first(cast: Cast) -> None:
    first, second = proposed(cast), proposed(cast)
    decide(cast, first, "reject")
    auditor = cast.api["auditor"]

    def listed(**query: str) -> list[str]:
        return [row["id"] for row in auditor.get("/api/v1/approvals", query).json()["results"]]

    assert listed() == [second, first]
    assert listed(state="proposed") == [second]
    assert listed(state="rejected", kind="workspace.four_eyes") == [first]
    assert auditor.get(f"/api/v1/approvals/{first}").json()["state"] == "rejected"


def test_a_member_who_has_left_decides_nothing(cast: Cast) -> None:
    act = proposed(cast)
    Membership.objects.filter(user=cast.officer, workspace=cast.workspace).delete()
    assert decide(cast, act, "approve").status_code in (401, 403)
    with connection.cursor():
        assert four_eyes(cast)
