"""What is refused at load: with the part, the line, the column and what to do."""

from collections.abc import Callable

import pytest

from lineage.inventory.kinds.types import COUNTED_TO
from policies.rules.checks import Check, Param, compile_check
from policies.rules.errors import Position, RuleProblem, RuleRefused
from tests.policies.rules.catalogue import rule


def problem(condition: str) -> RuleProblem:
    with pytest.raises(RuleRefused) as refused:
        rule(condition, days=Param("int", 30))
    return refused.value.problems[0]


@pytest.mark.parametrize(
    ("condition", "line", "column", "message", "hint"),
    [
        ("asset.environement == 'prod'", 1, 6, "dataset has no 'environement'", "did you mean 'environment'?"),
        ("asset.retention_days > 1.0", 1, 22, "'>' does not take (int, double)", "int and double do not mix"),
        ("true &&\n  asset.naem == ''", 2, 8, "dataset has no 'naem'", "did you mean 'name'?"),
        ("asset.retention_days > params.dayz", 1, 30, "the parameters have no 'dayz'", "did you mean 'days'?"),
        ("asset.retention_days", 1, 1, "the expression gives int, expected bool", "compare it"),
        ("", 1, 1, "the expression is empty", "write a condition"),
        ("asset.retention_days >", 1, 23, "Syntax error", "docs/rules.md"),
        ("related('nowhere').all(s, true)", 1, 1, "dataset has no relation 'nowhere'", "known are"),
        ("related(asset.name).all(s, true)", 1, 1, "related() takes one literal name", "in quotes"),
        ("related('stored_in').all(s, s.naem == '')", 1, 30, "storage has no 'naem'", "did you mean 'name'?"),
        ("true || pg_sleep(10)", 1, 17, "'pg_sleep' is not known", "known are"),
        ("asset.country == null", 1, 15, "'==' does not take", ""),
        ("string(asset.retention_days) == '1'", 1, 7, "string() is not supported", "functions are"),
        ("dyn(asset.country) == 1", 1, 4, "not supported", ""),
        ("asset.country.matches('(a')", 1, 23, "bad regular expression", "RE2"),
        ("asset.country.matches('(?=a)')", 1, 23, "bad regular expression", "RE2"),
        ("asset.country.matches(asset.name)", 1, 28, "matches() takes a literal pattern", "in quotes"),
        ("now < timestamp('tomorrow')", 1, 17, "'tomorrow' is no timestamp", "2026-11-01T00:00:00Z"),
        ("now < timestamp('2026-11-01T00:00:00.0000001Z')", 1, 17, "is no timestamp", "microseconds at most"),
        ("now < timestamp('2026-11-01T24:00:00Z')", 1, 17, "is no timestamp", "2026-11-01T00:00:00Z"),
        ("now < timestamp('2016-12-31T23:59:60Z')", 1, 17, "is no timestamp", "2026-11-01T00:00:00Z"),
        ("now - asset.last_write_at < duration('30 days')", 1, 38, "'30 days' is no duration", "720h"),
        ("now < timestamp(asset.name)", 1, 16, "timestamp() takes a literal or a parameter", "declare the attribute"),
        ("asset.labels.all(k, k == '')", 1, 17, "macros over maps are not supported", "name the keys"),
        ("asset.tags.all(now, now == '')", 1, 15, "the macro variable 'now' hides another name", "of its own"),
        ("asset == asset", 1, 7, "dataset values cannot be compared", "uid"),
        ("{'a': 1}['a'] == 1", 1, 1, "map and message literals are not supported", ""),
        ("1u == 1u", 1, 1, "literals are not supported", ""),
        ("asset.lineage.upstream_count < 500", 1, 14, "cannot be compared with 500", "a number below 250, or ask"),
        ("251 > asset.lineage.downstream_count", 1, 20, "'downstream_count' is counted to 250", "below 250"),
        ("asset.lineage.untraced_inputs == 250", 1, 14, "cannot be compared with 250", "whether it is >= 250"),
        ("asset.lineage.upstream_count in [1, 300]", 1, 14, "cannot be compared with 300", ""),
        (
            "asset.lineage.upstream_count * 2 < 9",
            1,
            14,
            "nothing can be computed from it",
            "compare upstream_count itself",
        ),
        ("asset.lineage.upstream_count < asset.record_count", 1, 14, "nothing can be computed from it", ""),
        ("double(asset.lineage.upstream_count) < 9.0", 1, 21, "nothing can be computed from it", ""),
        ("related('upstream').all(d, d.lineage.upstream_count <= 250)", 1, 37, "cannot be compared with 250", ""),
        ("__related_stored_in.all(s, true)", 1, 1, "is reserved", "related("),
    ],
)
def test_a_rule_is_refused_at_its_place(condition: str, line: int, column: int, message: str, hint: str) -> None:
    found = problem(condition)
    assert message in found.message
    assert hint in found.hint
    assert found.at == Position(line, column)
    assert found.part == "condition"


@pytest.mark.parametrize("operator", ["<", "<=", ">", ">=", "==", "!="])
@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("number", [-1, 0, 1, 248, 249, 250, 251, 1_000_000])
def test_a_count_is_compared_only_where_its_end_gives_the_answer_of_every_greater_number(
    operator: str, turned: bool, number: int
) -> None:
    holds: Callable[[int], bool] = {
        "<": number.__gt__, "<=": number.__ge__, ">": number.__lt__, ">=": number.__le__,
        "==": number.__eq__, "!=": number.__ne__,
    }[operator]  # fmt: skip
    exact = len({holds(count) for count in (COUNTED_TO, COUNTED_TO + 1, 10**6, 10**6 + 1, 10**9)}) == 1
    sides = ["asset.lineage.upstream_count", operator, str(number)]
    mirrored = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
    condition = " ".join([sides[2], mirrored.get(operator, operator), sides[0]] if turned else sides)
    if exact:
        assert rule(condition).uses.lineage == {"upstream_count"}
    else:
        assert f"cannot be compared with {number}" in problem(condition).message


def test_a_parameter_beyond_the_end_of_a_count_is_refused_by_its_name() -> None:
    assert rule("asset.lineage.upstream_count <= params.most", most=Param("int", 100)).uses.reads_lineage
    with pytest.raises(RuleRefused, match=r"cannot be compared with params\.most, 300; use a number below 250"):
        rule("asset.lineage.upstream_count <= params.most", most=Param("int", 300))


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ("(" * 40 + "true" + ")" * 40, "nested too deep"),
        ("true" + " && true" * 2000, "characters"),
        ("asset.country in [" + ",".join("'x'" for _ in range(1500)) + "]", "the list has 1500 members"),
        ("asset.country.matches('" + "a" * 600 + "')", "the pattern has 600 characters"),
        (
            "asset.tags.all(a, asset.tags.all(b, asset.tags.all(c, asset.tags.all(d, a == d))))",
            "macros nest more than 3 deep",
        ),
        (
            "asset.tags.all(a, asset.tags.all(b, asset.tags.all(c, a == b && b == c && a == c && a != 'x' && b < c)))",
            "the expression costs",
        ),
    ],
)
def test_a_rule_above_the_budget_is_refused(condition: str, message: str) -> None:
    assert message in problem(condition).message


def test_every_problem_of_a_check_is_told_at_once() -> None:
    with pytest.raises(RuleRefused) as refused:
        compile_check(Check("T", "dataset", "asset.a && asset.b", "asset.c"))
    assert [(found.part, found.at.column) for found in refused.value.problems] == [
        ("when", 6),
        ("condition", 6),
        ("condition", 17),
    ]


def test_an_unknown_kind_and_a_parameter_of_another_type_are_refused() -> None:
    with pytest.raises(RuleRefused, match="no kind 'nothing'"):
        compile_check(Check("T", "nothing", "true"))
    with pytest.raises(RuleRefused, match=r"params\.limit.*expected int, got '30'"):
        rule("asset.retention_days < params.limit", limit=Param("int", "30"))


def test_related_inside_of_a_string_or_a_comment_is_text() -> None:
    rule("asset.name != \"related('nowhere')\" // related('nowhere')\n")


def test_positions_stay_behind_a_relation_and_wide_characters() -> None:
    found = problem("related('stored_in').all(s, s.name != 'é𝔘') && asset.naem == ''")
    assert found.at == Position(1, 53)
