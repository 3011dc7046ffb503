"""Verdicts of the row engine: six codes, why, what is missing, and which facts decided."""

from datetime import timedelta

import pytest

from policies.rules.checks import Check, Param, compile_check
from policies.rules.facts import Member, Subject
from policies.rules.judge import judge, judge_all
from policies.rules.verdicts import Code, Reason, Verdict
from tests.policies.rules.catalogue import NOW, rule

OLD = "2026-01-01T00:00:00Z"


def paths(verdict: Verdict) -> list[str]:
    return [fact.path for fact in verdict.facts]


def test_true_passes_and_false_fails() -> None:
    check = rule("asset.retention_days > 30")
    assert judge(check, Subject({"retention_days": 31}), NOW).code is Code.PASS
    assert judge(check, Subject({"retention_days": 30}), NOW).code is Code.FAIL


def test_a_missing_fact_is_unknown_and_named_never_a_pass() -> None:
    verdict = judge(rule("asset.retention_days > 30 && asset.encrypted_at_rest"), Subject({}), NOW)
    assert verdict.code is Code.UNKNOWN
    assert verdict.reason is Reason.MISSING
    assert verdict.missing == ("asset.retention_days", "asset.encrypted_at_rest")


def test_a_null_is_a_missing_fact() -> None:
    assert judge(rule("asset.country != ''"), Subject({"country": None}), NOW).code is Code.UNKNOWN


def test_what_decides_alone_needs_nothing_else() -> None:
    check = rule("asset.encrypted_at_rest && asset.retention_days > 30")
    verdict = judge(check, Subject({"encrypted_at_rest": False}), NOW)
    assert verdict.code is Code.FAIL
    assert paths(verdict) == ["asset.encrypted_at_rest"]


def test_the_facts_of_a_pass_are_all_that_it_needed() -> None:
    check = rule("asset.encrypted_at_rest && asset.retention_days > 30")
    verdict = judge(check, Subject({"encrypted_at_rest": True, "retention_days": 40}), NOW)
    assert [(fact.path, fact.value) for fact in verdict.facts] == [
        ("asset.encrypted_at_rest", True),
        ("asset.retention_days", 40),
    ]


def test_when_decides_first() -> None:
    check = rule("asset.encrypted_at_rest", when="asset.environment == 'prod'")
    elsewhere = judge(check, Subject({"environment": "dev", "encrypted_at_rest": False}), NOW)
    assert elsewhere.code is Code.NOT_APPLICABLE
    assert [fact.path for fact in elsewhere.when_facts] == ["asset.environment"]
    undecided = judge(check, Subject({"encrypted_at_rest": True}), NOW)
    assert undecided.code is Code.UNKNOWN
    assert undecided.missing == ("asset.environment",)


def test_on_missing_fail_makes_a_missing_fact_a_fail_and_keeps_its_name() -> None:
    check = compile_check(Check("T", "dataset", "asset.encrypted_at_rest", on_missing="fail"))
    verdict = judge(check, Subject({}), NOW)
    assert (verdict.code, verdict.reason, verdict.missing) == (
        Code.FAIL,
        Reason.MISSING,
        ("asset.encrypted_at_rest",),
    )


def test_on_missing_fail_does_not_reach_when_or_errors() -> None:
    check = compile_check(Check("T", "dataset", "asset.retention_days > 1", "asset.residency_limited", {}, "fail"))
    assert judge(check, Subject({}), NOW).code is Code.UNKNOWN
    assert judge(check, Subject({"residency_limited": True, "retention_days": "x"}), NOW).code is Code.ERROR


@pytest.mark.parametrize("value", ["90", 7.5, True, [], 2**70])
def test_a_value_of_a_wrong_type_is_an_error_and_says_why(value: object) -> None:
    verdict = judge(rule("asset.retention_days > 30"), Subject({"retention_days": value}), NOW)
    assert verdict.code is Code.ERROR
    assert verdict.reason is Reason.BROKEN
    assert "expected int" in verdict.lacks[0].detail


def test_asking_has_of_a_broken_value_decides_nothing() -> None:
    assert judge(rule("!has(asset.retention_days)"), Subject({"retention_days": "x"}), NOW).code is Code.ERROR


@pytest.mark.parametrize(
    ("condition", "detail"),
    [
        ("asset.record_count / asset.retention_days > 1", "division by zero"),
        ("asset.record_count % asset.retention_days > 1", "modulus by zero"),
        ("asset.record_count * 9223372036854775807 > 1", "integer overflow"),
        ("asset.tags[5] == 'a'", "outside of a list"),
    ],
)
def test_arithmetic_without_a_result_is_an_error(condition: str, detail: str) -> None:
    verdict = judge(rule(condition), Subject({"record_count": 5, "retention_days": 0, "tags": ["a"]}), NOW)
    assert verdict.code is Code.ERROR
    assert detail in verdict.lacks[0].detail


def test_a_manual_check_waits_for_a_person_where_it_applies() -> None:
    check = compile_check(Check("T", "dataset", None, "asset.environment == 'prod'"))
    assert judge(check, Subject({"environment": "prod"}), NOW).code is Code.MANUAL
    assert judge(check, Subject({"environment": "dev"}), NOW).code is Code.NOT_APPLICABLE


def test_ages_come_from_instants_and_now_and_name_the_facts_behind_them() -> None:
    check = rule("asset.oldest_record_age_days <= 365")
    verdict = judge(check, Subject({"oldest_record_at": OLD}), NOW)
    assert verdict.code is Code.PASS
    assert verdict.facts[0].value == 304
    assert verdict.facts[0].keys == ("oldest_record_at",)
    assert judge(check, Subject({"oldest_record_at": OLD}), NOW + timedelta(days=62)).code is Code.FAIL


def test_an_age_in_the_document_is_not_read_only_its_instant_is() -> None:
    verdict = judge(rule("asset.oldest_record_age_days <= 365"), Subject({"oldest_record_age_days": 1}), NOW)
    assert verdict.missing == ("asset.oldest_record_age_days",)
    assert verdict.lacks[0].detail == "oldest_record_at is not reported"


def test_never_and_none_stand_in_place_of_an_instant() -> None:
    backup = rule("asset.restore_test_age_days <= 180", kind="storage")
    assert judge(backup, Subject({"restore_test_never": True}), NOW).code is Code.FAIL
    flaw = rule("asset.oldest_critical_vuln_days <= 30", kind="service")
    assert judge(flaw, Subject({"oldest_critical_vuln_none": True}), NOW).code is Code.PASS


def test_a_relation_that_nobody_reported_is_a_missing_fact_and_an_empty_one_is_not() -> None:
    check = rule("related('stored_in').all(s, s.backup_isolated)")
    unreported = judge(check, Subject({}), NOW)
    assert unreported.missing == ("related('stored_in')",)
    assert judge(check, Subject({}, frozenset({"stored_in"})), NOW).code is Code.PASS


def test_facts_of_related_assets_name_their_asset() -> None:
    check = rule("related('stored_in').all(s, s.backup_isolated)")
    members = [Member("one", {"backup_isolated": True}), Member("two", {"backup_isolated": False})]
    verdict = judge(check, Subject({}, frozenset({"stored_in"}), {"stored_in": members}), NOW)
    assert verdict.code is Code.FAIL
    assert [(fact.path, fact.asset) for fact in verdict.facts] == [
        ("related('stored_in')", None),
        ("related('stored_in').backup_isolated", "two"),
    ]


def test_one_member_decides_for_all_and_an_unknown_one_leaves_it_open() -> None:
    check = rule("related('stored_in').all(s, s.backup_isolated)")

    def of(*documents: dict[str, object]) -> Code:
        members = [Member(str(index), document) for index, document in enumerate(documents)]
        return judge(check, Subject({}, frozenset({"stored_in"}), {"stored_in": members}), NOW).code

    assert of({}, {"backup_isolated": False}) is Code.FAIL
    assert of({}, {"backup_isolated": True}) is Code.UNKNOWN


def test_parameters_are_what_the_workspace_approved() -> None:
    strict, mild = (rule("asset.retention_days <= params.limit", limit=Param("int", days)) for days in (10, 100))
    subject = Subject({"retention_days": 50})
    assert (judge(strict, subject, NOW).code, judge(mild, subject, NOW).code) == (Code.FAIL, Code.PASS)


@pytest.mark.parametrize(
    "condition",
    [
        "asset.retention_days > 30",
        "asset.encrypted_at_rest && asset.country in asset.allowed_countries",
        "asset.tags.all(t, t in asset.allowed_countries)",
        "asset.tags.exists_one(t, t == 'a')",
    ],
)
def test_negation_swaps_pass_and_fail_and_keeps_the_rest(condition: str) -> None:
    swap = {Code.PASS: Code.FAIL, Code.FAIL: Code.PASS}
    for document in ({}, {"retention_days": 31}, {"tags": ["a"], "allowed_countries": ["a"]}, {"tags": "a"}):
        plain, negated = (judge(rule(text), Subject(document), NOW).code for text in (condition, f"!({condition})"))
        assert negated is swap.get(plain, plain)


def test_all_checks_of_a_subject_are_judged_as_one_by_one() -> None:
    checks = [rule("asset.retention_days > 30"), rule("asset.encrypted_at_rest")]
    subject = Subject({"retention_days": 31})
    assert judge_all(checks, subject, NOW) == [judge(check, subject, NOW) for check in checks]
