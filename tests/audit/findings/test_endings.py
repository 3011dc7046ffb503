"""A finding that ends says why, and only a pass is a fix: what goes and comes back keeps its first limit."""

import datetime
from typing import Any

import pytest
from django.utils import timezone

from accounts.journal.models import Statement
from accounts.workspaces.isolation import in_workspace
from accounts.workspaces.queue import Stage, push
from audit.findings import queries
from audit.findings.endings import Ending, ending_of
from audit.findings.models import Finding
from audit.findings.raise_findings import LIMIT_DAYS, raise_findings
from lineage.events.models import Event
from policies.evaluation.codes import NOT_JUDGED, base, counts_as_pass
from policies.evaluation.models import Transition
from policies.evaluation.queries import change_in_leaf
from policies.rules.verdicts import Code
from tests.audit.findings.estate import CHECK, customers, found, judged, lake_in, the_finding
from tests.policies.evaluation.histories import Estate, evaluated
from tests.support.cast import Cast
from tests.support.estate import send_inventory

pytestmark = pytest.mark.django_db
ABROAD, AT_HOME, NOWHERE = lake_in("US"), lake_in("DE"), lake_in()
BOUND, FREE = customers(), customers(residency_limited=False, allowed_countries=[])
LIMIT = datetime.timedelta(days=LIMIT_DAYS["critical"])
ENDS = {"passed": (AT_HOME, BOUND), "not_applicable": (ABROAD, FREE), "retired": (ABROAD,)}


def after(cast: Cast, *inventories: tuple[dict[str, Any], ...]) -> Finding:
    """Return the finding after each of these whole inventories in turn."""
    for lines in inventories:
        found(cast, *lines)
    return the_finding(cast)


def clock(finding: Finding) -> tuple[datetime.datetime, datetime.datetime]:
    return finding.detected_at, finding.due_at


@pytest.mark.parametrize("end", ENDS)
def test_what_ends_says_why_in_rows_filters_and_statements(cast: Cast, end: str) -> None:
    ended = after(cast, (ABROAD, BOUND), ENDS[end])
    assert (ended.state, ended.resolution, ended.resolved_at is None) == ("resolved", end, False)
    for resolution in ENDS:
        listed = cast.api["auditor"].get("/api/v1/findings", {"resolution": resolution, "check": CHECK}).json()
        assert [row["resolution"] for row in listed["results"]] == [end] * (resolution == end)
    with in_workspace(cast.workspace.pk):
        newest = Statement.objects.filter(action="audit:findings:raised").latest("id").body["findings"]
        assert queries.state_counts()["fixed"] == Finding.objects.filter(resolution="passed").count()
    assert [told["resolution"] for told in newest if told["check"] == CHECK] == [end]
    csv = cast.api["auditor"].get("/api/v1/findings", HTTP_ACCEPT="text/csv")
    header, *lines = b"".join(csv.streaming_content).decode().splitlines()  # type: ignore[attr-defined]
    assert "resolution" in header.split(",")
    assert sum(f",{end}," in line for line in lines) >= 1


@pytest.mark.parametrize("end", ["not_applicable", "retired"])
def test_the_clock_cannot_be_bought(cast: Cast, end: str) -> None:
    first = clock(after(cast, (ABROAD, BOUND)))
    back = after(cast, ENDS[end], (ABROAD, BOUND))
    assert (back.state, back.resolution, back.reopened, back.reopened_after) == ("open", "", 1, end)
    assert clock(back) == first
    again = after(cast, ENDS["retired"], (NOWHERE, BOUND), (ABROAD, BOUND))
    assert (again.state, again.reopened, again.reopened_after) == ("open", 2, "retired")
    assert clock(again) == first


def test_what_fails_again_after_a_pass_is_a_new_detection(cast: Cast) -> None:
    first = after(cast, (ABROAD, BOUND))
    back = after(cast, ENDS["passed"], (ABROAD, BOUND))
    assert back.reopened_after == "passed"
    assert back.detected_at > first.detected_at
    assert back.due_at == back.detected_at + LIMIT


def test_what_passes_after_it_had_only_gone_is_fixed(cast: Cast) -> None:
    gone = after(cast, (ABROAD, BOUND), ENDS["retired"])
    fixed = after(cast, ENDS["passed"])
    assert (gone.resolution, fixed.resolution, fixed.reopened) == ("retired", "passed", 0)
    assert fixed.resolved_at is not None
    assert gone.resolved_at is not None
    assert fixed.resolved_at > gone.resolved_at
    assert after(cast, ENDS["retired"]).resolution == "passed"  # what was fixed stays fixed, also where it goes
    back = after(cast, (ABROAD, BOUND))
    assert (back.reopened_after, back.detected_at > fixed.resolved_at) == ("passed", True)


@pytest.mark.parametrize("together", [True, False])
def test_the_clock_does_not_depend_on_how_changes_fall_into_batches(cast: Cast, together: bool) -> None:
    first = after(cast, (ABROAD, BOUND))
    for lines in (ENDS["retired"], (ABROAD, BOUND), ENDS["passed"], (ABROAD, BOUND), ENDS["not_applicable"]):
        judged(cast, *lines)
        if not together:
            raise_findings(cast.workspace.pk)
    raise_findings(cast.workspace.pk)
    last = the_finding(cast)
    with in_workspace(cast.workspace.pk):
        passed = [row for row in Transition.objects.filter(check_id=CHECK).order_by("id") if counts_as_pass(row.new)]
    assert (last.reopened, last.resolution, len(passed)) == (2, "not_applicable", 1)
    assert last.detected_at > passed[0].judged_at > first.detected_at
    before = clock(last)
    with in_workspace(cast.workspace.pk):
        push(Stage.RAISE, [*Transition.objects.values_list("statement", flat=True).distinct()])
    raise_findings(cast.workspace.pk)
    assert (clock(the_finding(cast)), the_finding(cast).reopened) == (before, 2)


def test_a_pass_on_stale_facts_fixes_nothing(cast: Cast) -> None:
    now = timezone.now()
    old, older = ((now - datetime.timedelta(days=days)).isoformat() for days in (5, 6))
    first = after(cast, (ABROAD | {"observed_at": older}, BOUND | {"observed_at": older}))
    stale = after(cast, (AT_HOME | {"observed_at": old}, BOUND | {"observed_at": old}))
    with in_workspace(cast.workspace.pk):
        newest = Transition.objects.filter(check_id=CHECK).latest("id")
    assert (base(newest.new), counts_as_pass(newest.new)) == (Code.PASS, False)
    assert (stale.state, clock(stale)) == ("open", clock(first))
    assert after(cast, ENDS["passed"]).resolution == "passed"


def test_the_source_and_the_event_that_ended_it_are_known(cast: Cast) -> None:
    after(cast, (ABROAD, BOUND), ENDS["retired"])
    with in_workspace(cast.workspace.pk):
        withdrawal = Event.objects.filter(kind="inventory").latest("id")
    ending = told_ending(cast)
    assert (ending.source, ending.event) == ("cmdb", withdrawal.pk)
    found(cast, ABROAD)  # the same inventory again ends nothing
    assert told_ending(cast).event == withdrawal.pk
    after(cast, (ABROAD, BOUND), ENDS["not_applicable"])
    with in_workspace(cast.workspace.pk):
        said_so = Event.objects.filter(kind="inventory").latest("id")
    ending = told_ending(cast)
    assert (ending.source, ending.event) == ("cmdb", said_so.pk)


def told_ending(cast: Cast) -> Any:
    finding = the_finding(cast)
    with in_workspace(cast.workspace.pk):
        return ending_of(finding, change_in_leaf(Transition.objects.get(pk=finding.transition)))


def test_the_source_that_still_lists_it_did_not_end_it(cast: Cast) -> None:
    found(cast, ABROAD, BOUND)
    send_inventory(cast.api["pipeline"], BOUND, source="catalogue")
    after(cast, (ABROAD,))
    assert the_finding(cast).state == "open"
    send_inventory(cast.api["pipeline"], ABROAD, source="catalogue", mode="full")
    evaluated(cast.workspace.pk)
    raise_findings(cast.workspace.pk)
    assert (the_finding(cast).resolution, told_ending(cast).source) == ("retired", "catalogue")


def test_what_was_withdrawn_later_did_not_end_it(cast: Cast) -> None:
    open_now = after(cast, (ABROAD, BOUND))
    with in_workspace(cast.workspace.pk):  # as where a check is judged of fewer subjects
        resolved = {"state": "resolved", "resolution": "retired", "resolved_at": timezone.now()}
        Finding.objects.filter(pk=open_now.pk).update(**resolved)
    found(cast, ABROAD)
    assert told_ending(cast) == Ending()


@pytest.mark.slow
@pytest.mark.parametrize("seed", [41, 42, 43])
def test_no_limit_moves_later_but_after_a_pass(cast: Cast, seed: int) -> None:
    estate, ours = Estate(seed), cast.workspace.pk
    send_inventory(cast.api["pipeline"], *estate.whole())
    known: dict[Any, Finding] = {}
    seen: set[tuple[bool, str]] = set()
    for what in ["full run", *estate.steps(), *estate.steps()]:
        estate.step(what, ours, cast.api["pipeline"])
        if estate.random.random() < 0.6:
            raise_findings(ours)
        with in_workspace(ours):
            for row in Finding.objects.all():
                former = known.get(row.pk)
                if former is not None and row.due_at != former.due_at:
                    log = Transition.objects.filter(asset=row.asset_id, check_id=row.check_id, rev__gt=former.rev)
                    assert any(counts_as_pass(change.new) for change in log) or former.resolution == "passed"
                    assert row.due_at == row.detected_at + datetime.timedelta(days=row.limit_days)
                if former is not None and row.reopened > former.reopened:
                    seen.add((row.due_at == former.due_at, row.reopened_after))
                known[row.pk] = row
            check_resolutions()
    assert (False, "passed") in seen
    assert {(True, "retired"), (True, "not_applicable")} & seen


def check_resolutions() -> None:
    """Each resolved finding says what the change that resolved it says."""
    news = dict(Transition.objects.values_list("pk", "new"))
    says = {Code.PASS: "passed", Code.NOT_APPLICABLE: "not_applicable", NOT_JUDGED: "retired"}
    for row in Finding.objects.filter(state="resolved"):
        assert row.resolution == says[base(news[row.transition])]
