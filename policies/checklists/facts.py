"""Compare the inline tests of a checklist with the vocabulary: only documents that can exist prove anything."""

from collections.abc import Iterator, Mapping
from typing import Any

from lineage.inventory.kinds.types import Attribute, Kind, Vocabulary
from lineage.inventory.kinds.values import MISSING, Refused, read_value
from policies.checklists.checks import Check, Checklist, Facts, InlineTest
from policies.checklists.errors import Problem, show


def fact_problems(checklist: Checklist, vocabulary: Vocabulary) -> tuple[Problem, ...]:
    """Return what the tests say that no asset document could: unknown names, wrong types, ages, foreign relations."""
    return tuple(problem for check in checklist.checks for problem in _of_check(check, vocabulary))


def _of_check(check: Check, vocabulary: Vocabulary) -> Iterator[Problem]:
    kind = vocabulary.kinds.get(check.subject)
    if kind is None:
        step = "correct the subject, or add the kind to the workspace first"
        yield _problem(check, None, "subject", show(check.subject), "a kind of the vocabulary", step)
        return
    for number, test in enumerate(check.tests, start=1):
        yield from _of_test(check, number, test, kind, vocabulary)


def _of_test(check: Check, number: int, test: InlineTest, kind: Kind, vocabulary: Vocabulary) -> Iterator[Problem]:
    yield from _of_facts(check, number, f"asset of kind {kind.name}", test.asset, _attributes(kind))
    for name, members in test.related.items():
        relation = kind.relations.get(name)
        if relation is None:
            expected = f"a relation of {kind.name}: {', '.join(kind.relations)}"
            yield _problem(check, number, "related", show(name), expected, "correct the name")
            continue
        target = vocabulary.kinds[relation.target]
        for member in members:
            yield from _of_facts(check, number, f"related {name} of kind {target.name}", member, _attributes(target))
    for part, facts in (("lineage", test.lineage), ("possible", test.possible)):
        if facts is not None and not kind.lineage:
            yield _problem(check, number, part, "lineage facts", "none", f"leave it out: {kind.name} has no lineage")
        yield from _of_facts(check, number, part, facts or {}, vocabulary.lineage_facts)


def _attributes(kind: Kind) -> Mapping[str, Attribute]:
    return {**kind.attributes, **kind.implied}


def _of_facts(
    check: Check, number: int, where: str, facts: Facts, attributes: Mapping[str, Attribute]
) -> Iterator[Problem]:
    for name, value in facts.items():
        attribute = attributes.get(name)
        if attribute is None:
            yield _problem(check, number, where, show(name), "an attribute of it", "correct the name")
        elif attribute.age is not None:
            step = f"give {attribute.age.start}, or a companion ({attribute.age.never}, {attribute.age.none})"
            yield _problem(check, number, where, f"the age {name}", "an instant, as documents keep it", step)
        elif trouble := _trouble(attribute, value):
            yield _problem(check, number, where, f"{name}: {show(value)}", *trouble)


def _trouble(attribute: Attribute, value: Any) -> tuple[str, str] | None:
    """Return (expected, next step) where `value` is not in the form in which a document keeps the attribute."""
    try:
        kept = read_value(attribute, value)
    except Refused as refused:
        return refused.expected, refused.hint
    if kept is MISSING:
        return "a fact", "leave it out: this value means that the fact is missing"
    if type(kept) is not type(value) or kept != value:
        return f"the form that documents keep, {show(kept)}", "write it so"
    return None


def _problem(check: Check, number: int | None, where: str, got: str, expected: str, step: str) -> Problem:
    field = where if number is None else f"test {number}, {where}"
    return Problem(check.id.split("-")[0], None, check.id, field, got, expected, step)
