"""Promise 4: the same check gives the same verdict in the row engine and in SQL, whatever the documents hold."""

from collections import Counter
from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from policies.rules.checks import CompiledCheck
from policies.rules.errors import RuleRefused
from policies.rules.facts import Subject
from policies.rules.judge import judge_all
from policies.rules.verdicts import Code, Reason
from tests.policies.rules.catalogue import NOW, compiled_controls, rule
from tests.policies.rules.documents import maker
from tests.policies.rules.expressions import Expressions
from tests.policies.rules.sql.estate import Estate

FAMILIES = ("SOV", "SEC", "SKL")
QUIET = list(HealthCheck)


def assert_engines_agree(estate: Estate, checks: Sequence[CompiledCheck], subjects: Sequence[Subject]) -> Counter[str]:
    """Compare code by code; count what SQL decided, and what it left to the row engine although that is decided."""
    seen: Counter[str] = Counter()
    for subject, codes in zip(subjects, estate.judge(checks, subjects, NOW), strict=True):
        for check, code, verdict in zip(checks, codes, judge_all(checks, subject, NOW), strict=True):
            context = (check.check.when, check.check.condition, subject, verdict)
            assert verdict.reason is not Reason.DISAGREEMENT, context
            if code is not None:
                assert Code(code) is verdict.code, (Code(code), *context)
            open_ = verdict.code in (Code.UNKNOWN, Code.ERROR) or verdict.reason is Reason.MISSING
            seen["decided" if code is not None else "open" if open_ else "needless"] += 1
            seen[verdict.code.name] += 1
    return seen


def kinds() -> dict[str, list[CompiledCheck]]:
    found: dict[str, list[CompiledCheck]] = {}
    for id_, check in compiled_controls().items():
        if id_.split("-")[0] in FAMILIES:
            found.setdefault(check.entity.name, []).append(check)
    return found


def compare(estate: Estate, checks: list[CompiledCheck], hostile: bool) -> None:
    @settings(max_examples=3, deadline=None, suppress_health_check=QUIET, derandomize=True)
    @given(st.integers(0, 2**32))
    def run(seed: int) -> None:
        drawn = maker(checks, seed, hostile)
        seen = assert_engines_agree(estate, checks, [drawn.subject() for _ in range(150)])
        assert seen["decided"] > 0, "SQL decided nothing, so that nothing was compared"
        assert hostile or seen["needless"] == 0, "SQL left decided rows to the row engine"

    run()


@pytest.mark.parametrize("hostile", [False, True], ids=["clean", "hostile"])
def test_shipped_checks_get_the_same_verdicts_from_both_engines(estate: Estate, hostile: bool) -> None:
    for checks in kinds().values():
        compare(estate, checks, hostile)


def test_random_rules_get_the_same_verdicts_from_both_engines(estate: Estate) -> None:
    seen: Counter[str] = Counter()

    @settings(max_examples=12, deadline=None, suppress_health_check=QUIET, derandomize=True)
    @given(st.integers(0, 2**32))
    def run(seed: int) -> None:
        expressions = Expressions(seed)
        checks: list[CompiledCheck] = []
        while len(checks) < 20:
            try:
                checks.append(rule(expressions.condition()))
            except RuleRefused as refused:
                seen[str(refused.problems[0].message)] += 1
        drawn = maker(checks, seed, hostile=True)
        seen.update(assert_engines_agree(estate, checks, [drawn.subject() for _ in range(60)]))

    run()
    assert seen["decided"] > 1000
    assert seen["PASS"] > 300
    assert seen["FAIL"] > 300
