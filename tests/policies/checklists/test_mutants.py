"""The inline tests of a check notice every small change of its rule: what they do not notice, they do not show."""

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest

from policies.checklists.checks import Check, Checklist
from policies.checklists.errors import ChecklistRefused
from policies.checklists.read import shipped_checklists
from policies.checklists.try_tests import run_inline_tests

SWAPS = [
    (r"<=", "<"),
    (r">=", ">"),
    (r"<(?!=)", "<="),
    (r"(?<!=)>(?!=)", ">="),
    (r"&&", "||"),
    (r"\|\|", "&&"),
    (r"==", "!="),
    (r"!=", "=="),
    (r"\.all\(", ".exists("),
    (r"\.exists\(", ".all("),
    (r"!(?=[a-z])", ""),
    (r"(?<!related\()'\w+'", "'another'"),
]

EQUIVALENT = {
    # A document never holds an empty country (convention `places`), so the guard against it shows in no test.
    ("SOV-07", "has(asset.country) && has(asset.location_source) && asset.location_source in params.trusted_sources"),
}


def mutants(rule: str) -> Iterator[str]:
    """Yield the rule with one operator or name swapped, or with one of its `&&` parts left out."""
    for pattern, swapped in SWAPS:
        for match in re.finditer(pattern, rule):
            yield rule[: match.start()] + swapped + rule[match.end() :]
    parts = rule.split(" && ")
    if len(parts) > 1 and all(part.count("(") == part.count(")") for part in parts):
        for left_out in range(len(parts)):
            yield " && ".join(part for index, part in enumerate(parts) if index != left_out)


def unnoticed(check: Check, checklist: Checklist) -> list[str]:
    survivors = []
    for part in ("when", "condition"):
        for mutant in dict.fromkeys(mutants(getattr(check, part) or "")):
            changed = replace(check, when=mutant) if part == "when" else replace(check, condition=mutant)
            try:
                noticed = not all(result.ok for result in run_inline_tests(replace(checklist, checks=(changed,))))
            except ChecklistRefused:  # the mutant is no rule
                noticed = True
            if not noticed and (check.id, mutant) not in EQUIVALENT:
                survivors.append(f"{part}: {mutant}")
    return survivors


@pytest.mark.parametrize(
    ("check", "checklist"),
    [pytest.param(check, checklist, id=check.id) for checklist in shipped_checklists() for check in checklist.checks],
)
def test_every_change_of_a_rule_is_noticed(check: Check, checklist: Checklist) -> None:
    assert unnoticed(check, checklist) == []
