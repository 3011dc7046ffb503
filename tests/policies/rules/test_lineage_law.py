"""The vocabulary's conventions for lineage: completeness, proven against possible, rows of possible flows."""

import pytest

from policies.rules.facts import Subject
from policies.rules.judge import judge
from policies.rules.verdicts import Code, Reason
from tests.policies.rules.catalogue import NOW, rule

ROUND = rule("asset.lineage.flows_to_countries.all(c, c in asset.allowed_countries)")
DOCUMENT = {"allowed_countries": ["DE"]}


def code(proven: dict[str, object] | None, possible: dict[str, object] | None = None) -> tuple[Code, Reason]:
    verdict = judge(ROUND, Subject(DOCUMENT, lineage=proven, possible=possible), NOW)
    return verdict.code, verdict.reason


def test_no_lineage_facts_are_missing_facts() -> None:
    verdict = judge(ROUND, Subject(DOCUMENT), NOW)
    assert verdict.code is Code.UNKNOWN
    assert verdict.missing == ("asset.lineage.flows_to_countries",)


def test_what_is_known_can_fail_and_only_complete_lineage_can_pass() -> None:
    assert code({"flows_to_countries": ["US"], "complete": False}) == (Code.FAIL, Reason.NONE)
    assert code({"flows_to_countries": ["DE"], "complete": False}) == (Code.UNKNOWN, Reason.INCOMPLETE)
    assert code({"flows_to_countries": ["DE"]}) == (Code.UNKNOWN, Reason.INCOMPLETE)
    assert code({"flows_to_countries": ["DE"], "complete": True}) == (Code.PASS, Reason.NONE)


def test_a_pass_that_does_not_hold_on_possible_lineage_is_unknown_for_its_basis() -> None:
    proven: dict[str, object] = {"flows_to_countries": ["DE"], "complete": True}
    assert code(proven, {"flows_to_countries": ["DE", "US"]}) == (Code.UNKNOWN, Reason.BASIS)
    assert code(proven, {}) == (Code.UNKNOWN, Reason.BASIS)
    assert code(proven, {"flows_to_countries": ["DE"]}) == (Code.PASS, Reason.NONE)


def test_a_proven_fail_stands_whatever_is_possible() -> None:
    assert code({"flows_to_countries": ["US"]}, {"flows_to_countries": ["DE"]}) == (Code.FAIL, Reason.NONE)


def test_not_applicable_on_proven_lineage_that_may_apply_is_unknown_for_its_basis() -> None:
    check = rule("asset.encrypted_at_rest", when="asset.lineage.reads_personal_data")
    subject = Subject(
        {"encrypted_at_rest": False}, lineage={"reads_personal_data": False}, possible={"reads_personal_data": True}
    )
    verdict = judge(check, subject, NOW)
    assert (verdict.code, verdict.reason) == (Code.UNKNOWN, Reason.BASIS)


@pytest.mark.parametrize(("adequate", "expected"), [(True, Code.PASS), (False, Code.UNKNOWN)])
def test_a_row_that_stands_for_a_possible_flow_cannot_fail(adequate: bool, expected: Code) -> None:
    check = rule("asset.target_adequate", kind="data_flow")
    verdict = judge(check, Subject({"target_adequate": adequate}, basis="possible"), NOW)
    assert verdict.code is expected
    assert (verdict.reason is Reason.BASIS) is not adequate
