"""Time alone changes verdicts: it is foretold exactly, queued, and happens without anybody sending anything."""

import datetime
import uuid
from typing import Any

import pytest
from django.utils import timezone

from accounts.workspaces.isolation import in_workspace
from accounts.workspaces.models import Work
from accounts.workspaces.queue import Stage
from lineage.graph.project import project
from lineage.inventory.models import Asset
from policies.checklists.queries import ready_checklists
from policies.evaluation import lookups, queries
from policies.evaluation.codes import STALE, base
from policies.evaluation.evaluate import evaluate, evaluate_slice
from policies.evaluation.models import Transition, VerdictVector
from policies.evaluation.outcome import Outcome, judge_subject
from policies.evaluation.subjects import Loaded, checks_by_kind, load_subjects
from policies.rules.verdicts import Code
from tests.policies.evaluation.checker import check_whole_state, verdicts
from tests.policies.evaluation.histories import DAY, Estate, judged_at, stamp
from tests.support.cast import Cast
from tests.support.estate import send_inventory

pytestmark = pytest.mark.django_db

TICK = datetime.timedelta(microseconds=1)
KEY = ("identity:svc", "SEC-03")


def service_key(*, age: float, used: float = 0, reported: float = 0) -> dict[str, Any]:
    """Return the line of a machine's key of this age in days; SEC-03 lets it grow 90 days old."""
    now = timezone.now()
    attributes = {"subtype": "service", "key_at": stamp(now - age * DAY), "last_used_at": stamp(now - used * DAY)}
    return {
        "kind": "identity", "uid": "svc", "name": "svc", "origin": "measured", "attributes": attributes,
        "observed_at": stamp(now - reported * DAY),
    }  # fmt: skip


def outcomes(loaded: Loaded, now: datetime.datetime) -> dict[str, Outcome]:
    """Return what all checks say of an asset at `now`, without writing it."""
    ready = ready_checklists()
    found: dict[str, Outcome] = {}
    for judged in checks_by_kind(ready)[loaded.asset.kind]:
        checks = {check.id: check for check in ready[judged.family].checklist.checks}
        found |= {each.check.id: each for each in judge_subject(loaded, judged, checks, now)}
    return found


def loaded_of(workspace_id: uuid.UUID) -> list[Loaded]:
    with in_workspace(workspace_id):
        return load_subjects(Asset.objects.order_by("kind", "uid"), checks_by_kind(ready_checklists()))


def due(workspace_id: uuid.UUID) -> list[datetime.datetime]:
    with in_workspace(workspace_id):
        rows = Work.objects.filter(workspace=workspace_id, stage=Stage.EVALUATE)
        return list(rows.order_by("due_at").values_list("due_at", flat=True))


def lines_that_age() -> list[dict[str, Any]]:
    """Return lines of several kinds whose verdicts time changes: to fail, and from not applicable."""

    def line(kind: str, uid: str, **attributes: object) -> dict[str, Any]:
        return {"kind": kind, "uid": uid, "name": uid, "origin": "measured", "attributes": attributes}

    now = timezone.now()
    keys = [
        service_key(age=age, used=used) | {"uid": f"svc-{age}"} for age, used in ((10, 0), (60, 30), (80, 60), (99, 0))
    ]
    role = {"subtype": "role", "criticality": "critical", "qualified_people": 5, "vacant": True}
    return [
        *keys,
        line("role_requirement", "soon", subtype="certificate", mandatory=True, expires_at=stamp(now + 50 * DAY)),
        line("role_requirement", "lead", **role, handover_at=stamp(now - 20.5 * DAY), vacant_at=stamp(now - 7 * DAY)),
        line("person", "one", uses_or_operates_ai=True, ai_training_at=stamp(now - 300.25 * DAY)),
        line("access_grant", "g", target_class="restricted", review_at=stamp(now - 40 * DAY), owner="person:one"),
    ]


def test_what_is_foretold_is_what_a_scan_of_all_days_finds(cast: Cast) -> None:
    ours = cast.workspace.pk
    send_inventory(cast.api["pipeline"], *lines_that_age())
    project(ours)
    start = timezone.now()
    foretold = set()
    for loaded in loaded_of(ours):
        days = [(at, outcomes(loaded, at)) for at in (start + day * DAY for day in range(150))]
        for name, now in days[0][1].items():
            changed = next((at for at, said in days if base(said[name].byte) != base(now.byte)), None)
            if now.flip_at is None or now.flip_at > days[-1][0]:
                assert changed is None, name
                continue
            foretold.add(name)
            assert changed is not None, name
            assert changed - DAY < now.flip_at <= changed, name
            assert base(outcomes(loaded, now.flip_at)[name].byte) == now.flip_to != base(now.byte)
            assert base(outcomes(loaded, now.flip_at - TICK)[name].byte) == base(now.byte)
    assert len(foretold) >= 3


@pytest.mark.parametrize("seed", [11, 12, 13])
def test_a_verdict_grows_stale_at_the_instant_that_is_foretold(cast: Cast, seed: int) -> None:
    ours = cast.workspace.pk
    send_inventory(cast.api["pipeline"], *Estate(seed).whole())
    project(ours)
    start, seen = timezone.now(), 0
    for loaded in loaded_of(ours):
        for name, now in outcomes(loaded, start).items():
            if now.stale_at is None:
                continue
            seen += 1
            at, before = outcomes(loaded, now.stale_at)[name], outcomes(loaded, now.stale_at - TICK)[name]
            assert (bool(at.byte & STALE), bool(before.byte & STALE)) == (at.stale_at == now.stale_at, False), name
    assert seen >= 2


def test_the_instant_comes_and_the_verdict_flips_by_itself(cast: Cast) -> None:
    ours = cast.workspace.pk
    line = service_key(age=95, used=20, reported=19)
    send_inventory(cast.api["pipeline"], line)
    judged_at(ours, timezone.now() - 10 * DAY)  # ten days ago it was 85 days old
    assert base(verdicts(ours)[KEY][0]) == Code.PASS
    (waits,) = due(ours)
    assert waits == datetime.datetime.fromisoformat(line["attributes"]["key_at"]) + 91 * DAY
    check_whole_state(ours)
    assert evaluate(ours) == 1
    assert base(verdicts(ours)[KEY][0]) == Code.FAIL
    check_whole_state(ours)
    assert evaluate(ours) == 0
    with in_workspace(ours):
        newest = Transition.objects.filter(check_id="SEC-03").order_by("-id")[0]
        assert (base(newest.old), base(newest.new)) == (Code.PASS, Code.FAIL)


def test_a_fact_grows_too_old_and_the_pass_is_no_pass_any_more(cast: Cast) -> None:
    ours = cast.workspace.pk
    send_inventory(cast.api["pipeline"], service_key(age=50, used=41, reported=40))
    judged_at(ours, timezone.now() - 39 * DAY)
    assert verdicts(ours)[KEY][0] == Code.PASS
    with in_workspace(ours):
        assert {each.family: each.total.passed for each in queries.posture()}["SEC"] == 1
    assert evaluate(ours) == 1
    assert verdicts(ours)[KEY][0] == Code.PASS | STALE
    with in_workspace(ours):
        total = {each.family: each.total for each in queries.posture()}["SEC"]
        assert (total.passed, total.stale, total.known, total.verdicts["pass"]) == (0, 1, 0, 1)
    check_whole_state(ours)


def test_a_newer_fact_moves_the_instant_and_leaves_one_alone_in_the_queue(cast: Cast) -> None:
    ours, client = cast.workspace.pk, cast.api["pipeline"]
    for age in (60, 10, 80):
        send_inventory(client, service_key(age=age))
        project(ours)
        evaluate(ours)
        check_whole_state(ours)
        (waits,) = due(ours)
        assert waits > timezone.now()


def test_an_evaluation_in_which_only_times_move_writes_no_change(cast: Cast) -> None:
    ours, client = cast.workspace.pk, cast.api["pipeline"]
    send_inventory(client, service_key(age=60))
    project(ours)
    evaluate(ours)
    with in_workspace(ours):
        before = Transition.objects.count()
        first = VerdictVector.objects.get(checklist="SEC").fails_at
    send_inventory(client, service_key(age=30))
    project(ours)
    assert evaluate(ours) == 1
    with in_workspace(ours):
        assert Transition.objects.count() == before
        later = VerdictVector.objects.get(checklist="SEC").fails_at
    assert first is not None
    assert later is not None
    assert later - first == pytest.approx(30 * DAY, abs=DAY)


def test_what_will_fail_is_listed_counted_and_paged_alike(cast: Cast) -> None:
    ours = cast.workspace.pk
    lines = [service_key(age=60) | {"uid": f"svc-{n}"} for n in range(4)] + [service_key(age=1) | {"uid": "new"}]
    send_inventory(cast.api["pipeline"], *lines)
    project(ours)
    evaluate(ours)
    with in_workspace(ours):
        for days, expected in ((20, 0), (40, 4), (100, 5)):
            until = timezone.now() + days * DAY
            named = queries.will_fail(until, limit=100)
            assert len(named) == lookups.flip_count(until) == expected
            assert {each.check_id for each in named} <= {"SEC-03"}
            paged = [row for rows in lookups.flip_page(until, None, 100).rows for row in rows]
            assert [(row["asset"].pk, row["at"]) for row in paged] == [(each.asset.pk, each.at) for each in named]


def test_now_is_one_instant_for_the_whole_slice_and_recorded(cast: Cast) -> None:
    ours = cast.workspace.pk
    send_inventory(cast.api["pipeline"], *Estate(14).whole())
    project(ours)
    now = datetime.datetime(2026, 12, 24, 12, 30, tzinfo=datetime.UTC)
    with in_workspace(ours):
        evaluate_slice(list(Asset.objects.values_list("pk", flat=True)), now=now)
        assert set(VerdictVector.objects.values_list("judged_at", flat=True)) == {now}
        assert set(Transition.objects.values_list("judged_at", flat=True)) == {now}
