"""The life of a finding: raised once, resolved by what repairs it and by nothing else, reopened as the same one."""

import datetime

import pytest
from django.utils import timezone

from accounts.journal.models import Statement
from accounts.workspaces.isolation import in_workspace
from accounts.workspaces.models import Work
from accounts.workspaces.queue import Stage, push
from audit.findings.models import Finding
from audit.findings.raise_findings import LIMIT_DAYS, raise_batch, raise_findings
from policies.checklists.models import Check
from policies.evaluation.codes import NOT_JUDGED, base, counts_as_pass
from policies.evaluation.models import Transition
from policies.rules.verdicts import Code
from tests.audit.findings.estate import CHECK, customers, found, judged, lake_in, the_finding
from tests.policies.evaluation.checker import from_vectors
from tests.policies.evaluation.histories import Estate, evaluated
from tests.support.cast import Cast
from tests.support.estate import send_inventory

pytestmark = pytest.mark.django_db
ABROAD, AT_HOME, NOWHERE = lake_in("US"), lake_in("DE"), lake_in()


def said(cast: Cast) -> list[dict[str, str]]:
    """Return what the statements of the stage say about the data set, oldest first."""
    with in_workspace(cast.workspace.pk):
        rows = Statement.objects.filter(action="audit:findings:raised").order_by("id")
        return [each for row in rows for each in row.body["findings"] if each["check"] == CHECK]


def test_a_failing_check_raises_a_finding_that_stands_without_our_tables(cast: Cast) -> None:
    raised = found(cast, ABROAD, customers())
    assert raised is not None
    with in_workspace(cast.workspace.pk):
        change = Transition.objects.get(check_id=CHECK)
        statement = Statement.objects.get(action="audit:findings:raised")
    assert (raised.state, raised.resolved_at, raised.reopened) == ("open", None, 0)
    assert (raised.kind, raised.uid, raised.name) == ("dataset", customers()["uid"], "customers")
    assert (raised.transition, raised.statement, raised.rev) == (change.pk, change.statement, change.rev)
    assert (statement.actor, statement.revision > change.rev) == ("stage:raise", True)
    (told,) = said(cast)
    assert (told["finding"], told["uid"], told["state"]) == (str(raised.pk), raised.uid, "open")
    assert (told["evaluation"], told["transition"]) == (str(change.statement), str(change.pk))


def test_every_failing_check_of_every_asset_has_one_finding_of_its_checks_severity(cast: Cast) -> None:
    send_inventory(cast.api["pipeline"], *Estate(21).whole())
    evaluated(cast.workspace.pk)
    raise_findings(cast.workspace.pk)
    with in_workspace(cast.workspace.pk):
        failing = {key for key, (byte, _) in from_vectors().items() if base(byte) == Code.FAIL}
        rows = list(Finding.objects.all())
        severities = dict(Check.objects.values_list("check_id", "severity"))
    assert len(failing) >= 5
    assert sorted((row.asset_id, row.check_id) for row in rows) == sorted(failing)
    for row in rows:
        assert row.severity == severities[row.check_id]
        assert row.limit_days == {"critical": 15, "high": 30, "medium": 90, "low": 180}[row.severity]
        assert row.severity_rank == ["critical", "high", "medium", "low"].index(row.severity)
        assert row.due_at - row.detected_at == datetime.timedelta(days=row.limit_days)


def test_a_fail_that_fails_again_moves_no_deadline(cast: Cast) -> None:
    first = found(cast, ABROAD, customers())
    again = found(cast, lake_in("FR"), customers(description="changed"))
    assert first is not None
    assert again is not None
    assert (again.pk, again.detected_at, again.due_at) == (first.pk, first.detected_at, first.due_at)
    assert len(said(cast)) == 1


def test_the_deadline_counts_from_the_instant_of_the_judgement(cast: Cast) -> None:
    raised = found(cast, ABROAD, customers())
    assert raised is not None
    with in_workspace(cast.workspace.pk):
        assert raised.detected_at == Transition.objects.get(check_id=CHECK).judged_at
    assert raised.detected_at <= timezone.now()


def test_the_owner_is_the_one_at_detection(cast: Cast) -> None:
    raised = found(cast, ABROAD, customers(owner="team:data"))
    assert raised is not None
    assert raised.owner == "team:data"
    later = found(cast, ABROAD, customers(owner="team:web"))
    assert later is not None
    assert later.owner == "team:data"


def test_a_pass_resolves_it_and_the_next_fail_opens_the_same_one_with_a_new_clock(cast: Cast) -> None:
    first = found(cast, ABROAD, customers())
    resolved = found(cast, AT_HOME, customers())
    assert first is not None
    assert resolved is not None
    assert (resolved.pk, resolved.state, resolved.resolution) == (first.pk, "resolved", "passed")
    assert resolved.reason == "passes"
    assert resolved.resolved_at is not None
    assert resolved.resolved_at >= first.detected_at
    assert resolved.due_at == first.due_at
    reopened = found(cast, ABROAD, customers())
    assert reopened is not None
    assert (reopened.pk, reopened.state, reopened.resolved_at, reopened.reopened) == (first.pk, "open", None, 1)
    assert reopened.detected_at > resolved.resolved_at
    assert reopened.due_at == reopened.detected_at + datetime.timedelta(days=LIMIT_DAYS["critical"])
    assert [each["state"] for each in said(cast)] == ["open", "resolved", "open"]


def test_what_is_no_longer_known_is_not_repaired(cast: Cast) -> None:
    first = found(cast, ABROAD, customers())
    unknown = found(cast, NOWHERE, customers())
    with in_workspace(cast.workspace.pk):
        assert base(Transition.objects.filter(check_id=CHECK).order_by("-id")[0].new) == Code.UNKNOWN
    assert first is not None
    assert unknown is not None
    assert (unknown.state, unknown.due_at) == ("open", first.due_at)
    assert len(said(cast)) == 1
    resolved = found(cast, AT_HOME, customers())
    assert resolved is not None
    assert resolved.state == "resolved"


def test_what_turns_unknown_after_it_passed_opens_nothing(cast: Cast) -> None:
    for line in (ABROAD, AT_HOME, NOWHERE):
        found(cast, line, customers())
    assert the_finding(cast).state == "resolved"


def test_a_check_that_no_longer_applies_resolves_it(cast: Cast) -> None:
    found(cast, ABROAD, customers())
    resolved = found(cast, ABROAD, customers(residency_limited=False, allowed_countries=[]))
    assert resolved is not None
    assert (resolved.state, resolved.resolution) == ("resolved", "not_applicable")


def test_a_retired_asset_resolves_it_and_its_return_opens_the_same_one(cast: Cast) -> None:
    first = found(cast, ABROAD, customers())
    gone = found(cast, ABROAD)
    assert first is not None
    assert gone is not None
    assert (gone.state, gone.resolution) == ("resolved", "retired")
    back = found(cast, ABROAD, customers())
    assert back is not None
    assert (back.pk, back.state, back.reopened) == (first.pk, "open", 1)


def test_a_check_that_never_failed_has_no_finding(cast: Cast) -> None:
    for line in (AT_HOME, NOWHERE, AT_HOME):
        assert found(cast, line, customers()) is None
    assert said(cast) == []


def everything(cast: Cast) -> tuple[list[object], int, int]:
    with in_workspace(cast.workspace.pk):
        rows: list[object] = list(Finding.objects.order_by("pk").values())
        return rows, Statement.objects.count(), Work.objects.filter(workspace=cast.workspace, stage="open").count()


def test_a_batch_that_is_delivered_twice_has_its_effect_once(cast: Cast) -> None:
    statements = []
    for line in (ABROAD, AT_HOME, ABROAD):
        statements += judged(cast, line, customers())
        raise_findings(cast.workspace.pk)
    before = everything(cast)
    for batch in ([statements[0]], statements, list(reversed(statements)), [statements[-1]] * 2):
        with in_workspace(cast.workspace.pk):
            push(Stage.RAISE, batch)
        raise_findings(cast.workspace.pk)
        assert everything(cast) == before


@pytest.mark.parametrize("together", [True, False])
def test_changes_of_many_evaluations_end_where_the_last_one_ended(cast: Cast, together: bool) -> None:
    for line in (ABROAD, AT_HOME, NOWHERE, ABROAD, AT_HOME):
        judged(cast, line, customers())
        if not together:
            raise_findings(cast.workspace.pk)
    raise_findings(cast.workspace.pk)
    with in_workspace(cast.workspace.pk):
        assert not Finding.objects.filter(check_id=CHECK, state="open").exists()
    judged(cast, ABROAD, customers())
    raise_findings(cast.workspace.pk)
    assert the_finding(cast).state == "open"


def test_an_evaluation_that_comes_late_says_nothing_that_a_newer_one_has_overtaken(cast: Cast) -> None:
    failing = judged(cast, ABROAD, customers())
    passing = judged(cast, AT_HOME, customers())[len(failing) :]
    with in_workspace(cast.workspace.pk):
        raise_batch(passing)  # the first one waits after a failure, or lies with the dead letters
    with in_workspace(cast.workspace.pk):
        raise_batch(failing)
    with in_workspace(cast.workspace.pk):
        assert not Finding.objects.filter(check_id=CHECK, state="open").exists()


def test_findings_and_tickets_to_come_are_written_with_their_statement_or_not_at_all(cast: Cast) -> None:
    statements = judged(cast, ABROAD, customers())
    before = everything(cast)

    def and_die() -> None:
        raise_batch(statements)
        raise InterruptedError

    with pytest.raises(InterruptedError), in_workspace(cast.workspace.pk):
        and_die()
    assert everything(cast) == before
    raise_findings(cast.workspace.pk)
    rows, _, tickets = everything(cast)
    assert len(rows) == tickets > 0


@pytest.mark.slow
@pytest.mark.parametrize("seed", [22, 23])
def test_findings_follow_the_log_of_changes_through_a_random_history(cast: Cast, seed: int) -> None:
    ours, estate = cast.workspace.pk, Estate(seed)
    send_inventory(cast.api["pipeline"], *estate.whole())
    evaluated(ours)
    for what in estate.steps():
        estate.step(what, ours, cast.api["pipeline"])
        if estate.random.random() < 0.6:
            raise_findings(ours)
    raise_findings(ours)
    with in_workspace(ours):
        open_now: dict[object, bool] = {}
        for change in Transition.objects.order_by("rev", "id"):
            key = (change.asset_id, change.check_id)
            if base(change.new) == Code.FAIL:
                open_now[key] = True
            elif key in open_now and (
                counts_as_pass(change.new) or base(change.new) in {NOT_JUDGED, Code.NOT_APPLICABLE}
            ):
                open_now[key] = False
        rows = {(row.asset_id, row.check_id): row.state == "open" for row in Finding.objects.all()}
        assert set(open_now.values()) == {True, False}
        assert {key for key, is_open in rows.items() if is_open} == {
            key for key, is_open in open_now.items() if is_open
        }
