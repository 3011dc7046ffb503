"""A checklist is published only if its own tests hold in the engines."""

from collections import Counter

import pytest

from policies.checklists.checks import Checklist
from policies.checklists.errors import ChecklistRefused
from policies.checklists.read import shipped_checklists
from policies.checklists.try_tests import run_inline_tests, try_checklist
from tests.policies.checklists.support import small


def refusal(old: str, new: str) -> str:
    with pytest.raises(ChecklistRefused) as caught:
        try_checklist(small(old=old, new=new))
    return str(caught.value)


@pytest.mark.parametrize("checklist", shipped_checklists(), ids=lambda checklist: checklist.family)
def test_every_shipped_test_gives_its_verdict(checklist: Checklist) -> None:
    results = try_checklist(checklist)
    assert [(result.check, result.number, result.got) for result in results if not result.ok] == []
    assert len(results) == sum(len(check.tests) for check in checklist.checks)


def test_results_say_what_each_test_gave() -> None:
    results = run_inline_tests(small())
    assert [(result.check, result.number, result.row) for result in results] == [
        ("DEM-01", 1, "pass"),
        ("DEM-01", 2, "fail"),
        ("DEM-01", 3, "unknown"),
        ("DEM-01", 4, "not_applicable"),
        ("DEM-02", 1, "manual"),
    ]
    assert Counter(result.ok for result in results) == {True: 5}


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("mfa_enforced: false", "mfa_enforced: true", "DEM-01, test 2: got unknown, expected fail"),
        (
            "[asset.mfa_enforced]",
            "[asset.key_age_days]",
            "got unknown, missing asset.mfa_enforced, expected unknown, missing",
        ),
        (
            "missing: [asset.mfa_enforced]",
            "reason: basis",
            "DEM-01, test 3: got unknown (missing), expected unknown (basis)",
        ),
        ('key_at: "2026-10-31T00:00:00Z"}', 'key_at: "2026-08-02T00:00:00Z"}', "got fail, expected pass"),
    ],
)
def test_a_test_that_does_not_hold_refuses_the_checklist(old: str, new: str, words: str) -> None:
    assert words in refusal(old, new)


def test_the_refusal_repeats_what_the_test_was_meant_to_show() -> None:
    assert "test 2 (no second factor): got unknown" in refusal(
        "        asset: {subtype: human, mfa_enforced: false}",
        "        why: no second factor\n        asset: {subtype: human}",
    )


def test_a_test_chooses_its_own_now() -> None:
    """The key of 31 October 2026 is young by default and too old in the next March."""
    later = '- expect: pass\n        now: "2027-03-01T00:00:00Z"'
    assert "DEM-01, test 1: got fail, expected pass" in refusal("- expect: pass", later)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("asset.mfa_enforced &&", "asset.mfa_forced &&", "DEM-01, condition, line 1"),
        ("<= params.max_days", "<= params.max_days * 1.5", "DEM-01, condition"),
        ("asset.subtype == 'human'", "asset.subtype == 7", "DEM-01, when, line 1"),
    ],
)
def test_a_rule_outside_of_the_language_is_refused_with_its_place(old: str, new: str, words: str) -> None:
    assert words in refusal(old, new)


def test_a_test_with_facts_that_no_document_holds_is_refused_before_it_runs() -> None:
    assert "got the age key_age_days" in refusal("mfa_enforced: false", "key_age_days: 7")
