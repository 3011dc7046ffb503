"""Nothing vacuous passes: what is missing is unknown, what is broken is an error, and neither is counted as a pass."""

from typing import Any

import pytest
from django.utils import timezone

from accounts.workspaces.isolation import in_workspace
from accounts.workspaces.queue import Stage, push
from lineage.inventory.kinds.load import load_kinds
from lineage.inventory.models import Asset
from policies.checklists.queries import ready_checklists
from policies.evaluation import queries
from policies.evaluation.codes import GRADES, STALE, WAIVED, base, counts_as_pass, word, worst
from policies.evaluation.evaluate import evaluate
from policies.evaluation.models import Evaluation, Transition, VerdictVector
from policies.evaluation.outcome import judge_subject
from policies.evaluation.queries import Tally
from policies.evaluation.subjects import Loaded, checks_by_kind, load_subjects
from policies.rules.facts import Subject
from policies.rules.verdicts import Code
from tests.policies.evaluation.checker import check_whole_state, verdicts
from tests.policies.evaluation.histories import evaluated
from tests.support.cast import Cast
from tests.support.estate import CUSTOMERS, LAKE, send_inventory

DATASET = f"dataset:{CUSTOMERS['uid']}"
IN_GERMANY: dict[str, Any] = LAKE | {
    "attributes": {"country": "DE", "replica_countries": [], "lineage_namespaces": ["s3://lake"]}
}
RESIDENCY = {"environment": "prod", "residency_limited": True}
BROKEN: list[Any] = [{}, {"a": 1}, [[]], [None], 2**70, -(2**70), None]
"""What no attribute of any kind can be."""


def broken(cast: Cast, **values: object) -> None:
    """Put values into the stored document of the data set that its schema does not allow, and evaluate it."""
    with in_workspace(cast.workspace.pk):
        asset = Asset.objects.get(kind="dataset")
        asset.document |= values
        asset.save(update_fields=["document"])
        push(Stage.EVALUATE, [asset.pk])
    evaluate(cast.workspace.pk)


def sov_04(cast: Cast) -> Code:
    return Code(base(verdicts(cast.workspace.pk)[DATASET, "SOV-04"][0]))


@pytest.mark.django_db
def test_a_broken_fact_is_an_error_and_takes_the_pass_away(cast: Cast) -> None:
    send_inventory(cast.api["pipeline"], IN_GERMANY, CUSTOMERS)
    evaluated(cast.workspace.pk)
    assert sov_04(cast) is Code.PASS
    broken(cast, storage_countries=7)
    assert sov_04(cast) is Code.ERROR
    check_whole_state(cast.workspace.pk)
    with in_workspace(cast.workspace.pk):
        change = Transition.objects.filter(check_id="SOV-04").order_by("-id")[0]
        assert (base(change.old), base(change.new), change.reason, change.grade) == (1, Code.ERROR, "broken", "")
        tally = {each.family: each for each in queries.posture()}["SOV"].checks["SOV-04"]
    assert (tally.passed, tally.verdicts["error"], tally.pass_rate, tally.known_rate) == (0, 1, 0, 0)
    broken(cast, storage_countries=["DE"])
    assert sov_04(cast) is Code.PASS


@pytest.mark.django_db
def test_a_missing_fact_is_unknown_and_named_in_the_sealed_leaf(cast: Cast) -> None:
    send_inventory(cast.api["pipeline"], CUSTOMERS)
    evaluated(cast.workspace.pk)
    assert sov_04(cast) is Code.UNKNOWN
    with in_workspace(cast.workspace.pk):
        change = Transition.objects.get(check_id="SOV-04")
        assert change.reason == "missing"
        assert queries.change_in_leaf(change)["missing"] == ["asset.storage_countries"]


@pytest.mark.django_db
def test_a_fact_that_is_taken_back_takes_the_verdict_back_to_unknown(cast: Cast) -> None:
    client = cast.api["pipeline"]
    send_inventory(client, IN_GERMANY, CUSTOMERS)
    evaluated(cast.workspace.pk)
    send_inventory(client, IN_GERMANY, {**CUSTOMERS, "attributes": RESIDENCY}, mode="full")
    evaluated(cast.workspace.pk)
    assert sov_04(cast) is Code.UNKNOWN
    check_whole_state(cast.workspace.pk)


@pytest.mark.django_db
@pytest.mark.parametrize("value", BROKEN)
def test_whatever_stands_in_the_documents_nothing_crashes_and_nothing_passes(cast: Cast, value: object) -> None:
    ready = ready_checklists()
    judged_somewhere = 0
    with in_workspace(cast.workspace.pk):
        for kind, families in checks_by_kind(ready).items():
            document = dict.fromkeys(load_kinds()[kind].attributes, value)
            asset = Asset(workspace_id=cast.workspace.pk, kind=kind, uid="x", name="x", state="reported")
            relations = frozenset(name for judged in families for c in judged.checks for name in c.uses.relations)
            loaded = Loaded(asset, Subject(document, relations, {}), {})
            for judged in families:
                checks = {check.id: check for check in ready[judged.family].checklist.checks}
                for outcome in judge_subject(loaded, judged, checks, timezone.now()):
                    judged_somewhere += 1
                    assert base(outcome.byte) in {Code.UNKNOWN, Code.ERROR, Code.MANUAL, Code.NOT_APPLICABLE, Code.FAIL}
                    assert outcome.grade == ""
    assert judged_somewhere > 30


@pytest.mark.django_db
def test_an_asset_of_which_nothing_is_known_passes_nothing(cast: Cast) -> None:
    kinds = [kind for kind in checks_by_kind(ready_checklists()) if kind not in {"data_flow", "run"}]
    send_inventory(cast.api["pipeline"], *[{"kind": kind, "uid": "x", "name": "x", "attributes": {}} for kind in kinds])
    evaluated(cast.workspace.pk)
    found = verdicts(cast.workspace.pk)
    assert len({name for name, _ in found}) >= 10
    assert [key for key, (byte, _) in found.items() if base(byte) == Code.PASS] == []
    with in_workspace(cast.workspace.pk):
        assert sum(each.total.passed for each in queries.posture()) == 0


@pytest.mark.django_db
def test_an_empty_workspace_has_no_rate_rather_than_a_good_one(cast: Cast) -> None:
    with in_workspace(cast.workspace.pk):
        assert all(each.total.pass_rate is None and each.total.known_rate is None for each in queries.posture())


@pytest.mark.django_db
def test_what_others_only_mention_is_not_judged(cast: Cast) -> None:
    line = {**CUSTOMERS, "relations": {"stored_in": [{"kind": "storage", "uid": "elsewhere"}]}}
    send_inventory(cast.api["pipeline"], line)
    evaluated(cast.workspace.pk)
    with in_workspace(cast.workspace.pk):
        assert Asset.objects.get(kind="storage").state == Asset.State.MENTIONED
        assert set(VerdictVector.objects.values_list("asset__kind", flat=True)) <= {"dataset"}
        assert load_subjects(Asset.objects.filter(kind="storage"), checks_by_kind(ready_checklists())) == []


@pytest.mark.django_db
def test_a_retired_asset_is_counted_nowhere_and_keeps_its_history(cast: Cast) -> None:
    client, ours = cast.api["pipeline"], cast.workspace.pk
    send_inventory(client, LAKE, CUSTOMERS, mode="full")
    evaluated(ours)
    send_inventory(client, LAKE, mode="full")
    evaluated(ours)
    assert not [key for key in verdicts(ours) if key[0] == DATASET]
    check_whole_state(ours)
    with in_workspace(ours):
        history = [row.new for row in Transition.objects.filter(check_id="SOV-04").order_by("id")]
        assert [base(byte) for byte in history] == [Code.FAIL, 0]
    send_inventory(client, LAKE, CUSTOMERS, mode="full")
    evaluated(ours)
    assert sov_04(cast) is Code.FAIL
    check_whole_state(ours)


@pytest.mark.django_db
def test_work_about_an_asset_that_is_not_there_is_done_without_a_trace(cast: Cast) -> None:
    with in_workspace(cast.workspace.pk):
        push(Stage.EVALUATE, [cast.workspace.pk])
    assert evaluate(cast.workspace.pk) == 1
    with in_workspace(cast.workspace.pk):
        assert not Evaluation.objects.exists()


def test_only_a_bare_pass_counts_as_one() -> None:
    passing = [byte for byte in range(256) if counts_as_pass(byte)]
    assert Code.PASS in passing
    assert all(base(byte) == Code.PASS and not byte & (WAIVED | STALE) for byte in passing)
    assert {word(byte) for byte in passing} == {"pass"}


def test_a_tally_counts_what_is_waived_or_stale_there_and_not_as_passed() -> None:
    tally = Tally()
    tally.add(Code.PASS, "A", 5)
    tally.add(Code.PASS | WAIVED, "B", 2)
    tally.add(Code.PASS | STALE, "D", 3)
    tally.add(Code.FAIL | WAIVED, "C", 1)
    tally.add(Code.UNKNOWN, "", 4)
    tally.add(Code.NOT_APPLICABLE, "", 9)
    assert (tally.passed, tally.waived, tally.stale) == (5, 3, 3)
    assert (tally.applicable, tally.known, tally.population) == (15, 8, 24)
    assert tally.pass_rate == 5 / 15
    assert tally.known_rate == 8 / 15
    assert tally.weakest_grade == "A"
    assert tally.decided == {"A": 5, "B": 2, "C": 1, "D": 3}


def test_the_weakest_fact_gives_the_grade() -> None:
    assert worst(["A", "C", "B"]) == "C"
    assert worst(["", "A"]) == "A"
    assert worst([]) == ""
    assert GRADES.index("D") == 4


@pytest.mark.django_db
def test_a_verdict_carries_the_grade_of_the_weakest_fact_that_decided_it(cast: Cast) -> None:
    attributes = {"subtype": "human", "scope": "data", "mfa_enforced": True}
    for origin in ("measured", "declared"):
        line = {"kind": "identity", "uid": origin, "origin": origin, "attributes": attributes}
        send_inventory(cast.api["pipeline"], line, source=origin)
    evaluated(cast.workspace.pk)
    found = verdicts(cast.workspace.pk)
    (measured, better), (declared, worse) = (found[f"identity:{o}", "SEC-01"] for o in ("measured", "declared"))
    assert base(measured) == base(declared) == Code.PASS
    assert 0 < GRADES.index(better) < GRADES.index(worse)
