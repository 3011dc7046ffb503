"""The page of a check shows what its own tests really give."""

import dataclasses

import pytest

from audit.web.views.checklists import _tests
from policies.checklists.checks import Check
from policies.checklists.read import shipped_checklists

CHECKS = [check for checklist in shipped_checklists() for check in checklist.checks]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_each_test_is_judged_and_gives_what_it_expects(check: Check) -> None:
    rows = _tests(check)
    assert rows
    assert [row["got"] for row in rows] == [row["expected"] for row in rows]


def test_a_rule_that_no_longer_gives_what_it_promises_shows_so() -> None:
    check = next(check for check in CHECKS if check.id == "SEC-01")
    broken = dataclasses.replace(check, condition="!asset.mfa_enforced")
    wrong = [(row["expected"], row["got"]) for row in _tests(broken) if row["got"] != row["expected"]]
    assert ("pass", "fail") in wrong
    assert ("fail", "pass") in wrong
