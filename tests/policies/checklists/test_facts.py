"""Inline tests speak of documents that can exist: their facts are those of the vocabulary, in its form."""

import pytest

from lineage.inventory.kinds.load import load_vocabulary
from policies.checklists.facts import fact_problems
from tests.policies.checklists.support import small

FAIL = "asset: {subtype: human, mfa_enforced: false}"


def problems(old: str, new: str) -> str:
    return "\n".join(map(str, fact_problems(small(old=old, new=new), load_vocabulary())))


def test_the_small_checklist_has_no_problem() -> None:
    assert problems("", "") == ""


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ("asset: {mfa: false}", "test 2, asset of kind identity: got 'mfa', expected an attribute of it"),
        ('asset: {mfa_enforced: "no"}', "expected true or false: send true or false without quotes"),
        (
            "asset: {key_age_days: 7}",
            "got the age key_age_days, expected an instant, as documents keep it: give key_at",
        ),
        ('asset: {country: ""}', "leave it out: this value means that the fact is missing"),
        ("asset: {country: Germany}", "expected country as two capital letters"),
        (
            'asset: {key_at: "2026-10-31T02:00:00+02:00"}',
            "expected the form that documents keep, '2026-10-31T00:00:00Z'",
        ),
        ("asset: {}\n        related: {friends: []}", "got 'friends', expected a relation of identity: organisation, "),
        ("asset: {}\n        related: {grants: [{colour: red}]}", "related grants of kind access_grant: got 'colour'"),
        ("asset: {}\n        lineage: {upstream_count: 1}", "leave it out: identity has no lineage"),
    ],
)
def test_what_no_document_holds_is_refused(facts: str, words: str) -> None:
    assert words in problems(FAIL, facts)


def test_companions_of_an_instant_are_facts() -> None:
    assert problems(FAIL, "asset: {subtype: human, mfa_enforced: false, key_never: true}") == ""


def test_an_unknown_kind_is_refused() -> None:
    assert "got 'login', expected a kind of the vocabulary" in problems("subject: identity", "subject: login")
