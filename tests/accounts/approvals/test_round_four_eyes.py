"""No way round two persons by SQL as the app's role: a decision in another's name, after its end, or no act at all."""

from typing import Any

import psycopg
import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.approvals.models import GovernedAct
from accounts.workspaces.ids import new_id
from accounts.workspaces.isolation import in_workspace
from accounts.workspaces.models import Workspace
from config.stack.embedded import Embedded
from tests.support.cast import Cast

OFF = {"kind": "workspace.four_eyes", "payload": {"on": False}, "reason": "The second person is on leave."}


def proposed(cast: Cast) -> str:
    answer = cast.api["admin"].post("/api/v1/approvals", OFF, "json")
    assert answer.status_code == 201, answer.content
    return str(answer.json()["id"])


def decide(act: str, **columns: Any) -> None:
    with transaction.atomic():
        GovernedAct.objects.filter(pk=act).update(state="approved", decided_at=timezone.now(), **columns)


def test_a_decision_names_the_person_who_is_compared_with_the_proposer(cast: Cast) -> None:
    act, admin, officer = proposed(cast), cast.admin.pk, cast.officer.pk
    with in_workspace(cast.workspace.pk):
        for by in (f"member:{admin}", "token:x", ""):
            with pytest.raises(IntegrityError, match="names the person who decides it"):
                decide(act, decider=officer, decided_by=by)
        decide(act, decider=officer, decided_by=f"member:{officer}")
        transaction.set_rollback(True)


def test_a_proposal_names_the_person_behind_it(cast: Cast) -> None:
    with in_workspace(cast.workspace.pk):
        row = GovernedAct.objects.get(pk=proposed(cast))
        row.pk, row.proposer = new_id(), cast.officer.pk
        with pytest.raises(IntegrityError, match="names the person who proposes it"), transaction.atomic():
            row.save(force_insert=True)


@pytest.mark.django_db(transaction=True)
def test_what_is_over_is_not_decided(stack: Embedded, cast: Cast) -> None:
    act = proposed(cast)
    with psycopg.connect(stack.superuser_url) as superuser:
        superuser.execute("SET session_replication_role = replica")
        superuser.execute(
            "UPDATE accounts_governedact SET proposed_at = now() - interval '2 days',"
            " valid_until = now() - interval '1 hour'"
        )
    officer = cast.officer.pk
    with in_workspace(cast.workspace.pk), pytest.raises(IntegrityError, match="has expired"):
        decide(act, decider=officer, decided_by=f"member:{officer}")


def test_four_eyes_are_not_turned_off_but_by_an_act(cast: Cast) -> None:
    off = Workspace.objects.filter(pk=cast.workspace.pk)
    with pytest.raises(IntegrityError, match="by an approved act"), transaction.atomic():
        off.update(four_eyes=False)
    with in_workspace(cast.workspace.pk):
        with pytest.raises(IntegrityError, match="by an approved act"), transaction.atomic():
            off.update(four_eyes=False)
        proposed(cast)
        with pytest.raises(IntegrityError, match="by an approved act"), transaction.atomic():
            off.update(four_eyes=False)


def test_an_act_that_was_in_force_once_does_not_turn_four_eyes_off_again(cast: Cast) -> None:
    for on, role in ((False, "officer"), (True, "officer")):
        body = OFF | {"payload": {"on": on}}
        act = cast.api["admin"].post("/api/v1/approvals", body, "json").json()["id"]
        assert cast.api[role].post(f"/api/v1/approvals/{act}/approve", {}, "json").status_code == 200
    with in_workspace(cast.workspace.pk):
        assert Workspace.objects.get(pk=cast.workspace.pk).four_eyes
        with pytest.raises(IntegrityError, match="by an approved act"), transaction.atomic():
            Workspace.objects.filter(pk=cast.workspace.pk).update(four_eyes=False)
