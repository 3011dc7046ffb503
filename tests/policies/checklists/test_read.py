"""A checklist is read whole or refused whole, with every problem of it and its place."""

import json
import re
from datetime import timedelta

import pytest

from policies.checklists.read import checklist_of, content_hash, parse_checklist, slot_problems
from tests.policies.checklists.support import FILE, SMALL, bend, refused, small


def test_what_is_read_is_typed() -> None:
    first, second = small().checks
    assert (first.freshness.text, first.freshness.age) == ("24h", timedelta(hours=24))
    assert (second.freshness.age, second.valid_for) == (None, timedelta(days=180))
    assert first.params[0].default == 90
    assert first.on_missing == "unknown"
    assert second.condition is None
    assert first.tests[0].lineage is None


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("severity: high", "severity: worst", 10, "DEM-01, severity: got 'worst', expected 'critical'"),
        ("    remediation: ", "    remedation: ", 20, 'this key, expected a known key: did you mean "remediation"?'),
        ('    remediation: "Switch it on."\n', "", 6, "DEM-01, remediation: got nothing, expected a value: add it"),
        ("freshness: 24h", "freshness: 24 hours", 15, "freshness: got '24 hours'"),
        ("slot: 0", 'slot: "0"', 7, "slot: got '0', expected integer"),
        ("slot: 0", "slot: 1024", 7, "slot: got 1024"),
        ("id: DEM-01", "id: OTH-01", 6, "OTH-01, id: got 'OTH-01', expected DEM-<number>"),
        ("iso27001_2022:", "iso_27001:", 22, "frameworks: got 'iso_27001', expected a key of frameworks.yaml"),
        ("default: 90,", "default: 90.0,", 19, "expected a default of the type int"),
        ("default: 90,", 'default: "90",', 19, "expected a default of the type int"),
        ("type: int, default: 90,", "type: double, default: 90,", 19, "with a decimal point"),
        (', unit: "days"', "", 19, "expected a unit"),
        ("max_days: {", "max_age: {", 6, "no parameter that nothing reads: max_age"),
        ("params.max_days", "params.max_age", 6, "no parameter that nothing reads: max_days"),
        ('    condition: "asset.mfa_enforced && asset.key_age_days <= params.max_days"\n', "", 6, "a condition"),
        ("type: manual", "type: automatic", 33, "no evidence_required, valid_for, attested_by"),
        ("    valid_for: 180d\n", "", 33, "valid_for as well, as for every manual check"),
        ("valid_for: 180d", "valid_for: 24h", 44, "valid_for: got '24h'"),
        ("expect: not_applicable", "expect: pass", 6, "at least one test that expects not_applicable"),
        ("expect: unknown\n        missing: [asset.mfa_enforced]", "expect: pass", 6, "one test that expects unknown"),
        ("expect: manual", "expect: pass", 33, "at least one test that expects manual"),
        ("- expect: fail\n", "- expect: fail\n        missing: [asset.x]\n", 26, "only where the verdict is unknown"),
        ("- expect: fail\n", '- expect: fail\n        now: "2026-02-30T00:00:00Z"\n', 27, "a date that exists"),
        ("- expect: fail\n", "- expect: fail\n        possible: {}\n", 26, "lineage beside possible"),
        ("mfa_enforced: false", "mfa_enforced: ~", 27, "mfa_enforced: got None"),
        ("version: 1", "version: true", 4, "version: got True"),
        ("checks:\n", "controls:\n", 5, "controls: got this key"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_its_line(old: str, new: str, line: int, words: str) -> None:
    problems = refused(bend(old, new))
    assert [problem for problem in problems if problem.line == line and words in str(problem)], list(map(str, problems))


def test_all_mistakes_are_told_at_once() -> None:
    text = SMALL.replace("severity: high", "severity: worst").replace("best_grade: D", "best_grade: E")
    assert [(problem.check, problem.field) for problem in refused(text)] == [
        ("DEM-01", "severity"),
        ("DEM-02", "best_grade"),
    ]


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ("id: DEM-02", "id: DEM-01", "id"),
        ("slot: 1", "slot: 0", "slot"),
        ("Was the playbook rehearsed?", "Is every login protected by a second factor?", "question"),
        ("checks:\n", "withdrawn: [{id: DEM-03, slot: 1, reason: was asked twice}]\nchecks:\n", "slot"),
        ("checks:\n", "withdrawn: [{id: DEM-02, slot: 7, reason: was asked twice}]\nchecks:\n", "id"),
    ],
)
def test_twins_are_refused(old: str, new: str, field: str) -> None:
    assert [problem.field for problem in refused(bend(old, new))] == [field]


def test_an_empty_file_is_no_checklist() -> None:
    assert refused("")[0].field == "the checklist"
    assert refused("[]")[0].field == "the checklist"


def test_a_workspace_may_know_other_frameworks() -> None:
    text = bend("iso27001_2022:", "house_rules:")
    (first, _) = parse_checklist(text.encode(), FILE, frameworks={"house_rules"}).checks
    assert first.frameworks == {"house_rules": ("A.5.17",)}


def test_a_stored_body_gives_the_same_checklist_back() -> None:
    checklist = small()
    assert checklist_of(json.loads(json.dumps(checklist.body)), FILE) == checklist


def test_layout_comments_and_the_order_of_keys_do_not_change_the_hash() -> None:
    text = "# a comment\n" + SMALL.replace("version: 1\n", "").replace("family: DEM", "version: 1\nfamily:   DEM")
    assert parse_checklist(text.encode(), FILE).content_hash == small().content_hash


def test_every_single_value_changes_the_hash() -> None:
    """Walk over all values of the body, change each, and see another hash each time."""
    body = json.loads(json.dumps(small().body))
    seen = {content_hash(body)}
    places = 0
    stack = [body]
    while stack:
        node = stack.pop()
        for key in list(node) if isinstance(node, dict) else range(len(node)):
            value = node[key]
            if isinstance(value, dict | list):
                stack.append(value)
                continue
            node[key] = f"{value}!" if isinstance(value, str) else [value]
            seen.add(content_hash(body))
            node[key] = value
            places += 1
    assert places > 50
    assert len(seen) == places + 1


def test_an_int_and_a_double_hash_differently() -> None:
    assert content_hash({"default": 40}) != content_hash({"default": 40.0})


def test_the_hash_of_a_check_stays_when_another_check_changes() -> None:
    before, after = small(), small(old="Rehearse it.", new="Rehearse it soon.")
    assert before.content_hash != after.content_hash
    assert before.checks[0].content_hash == after.checks[0].content_hash
    assert before.checks[1].content_hash != after.checks[1].content_hash


def without_second(withdrawn: str = "") -> str:
    return withdrawn + re.split(r"(?m)^  - id: DEM-02", SMALL)[0]


def test_a_check_keeps_its_slot_in_the_next_version() -> None:
    assert slot_problems(small(), small(old="high", new="low")) == ()
    (problem,) = slot_problems(small(), small(old="slot: 1", new="slot: 2"))
    assert str(problem) == "DEM: DEM-02, slot: got slot 2, expected slot 1: give it back its slot"


def test_a_check_that_goes_away_must_be_listed_as_withdrawn() -> None:
    gone = parse_checklist(without_second().encode(), FILE)
    assert [problem.next_step for problem in slot_problems(small(), gone)] == ["list it under withdrawn"]
    text = without_second("withdrawn: [{id: DEM-02, slot: 1, reason: asked elsewhere}]\n")
    assert slot_problems(small(), parse_checklist(text.encode(), FILE)) == ()


def test_the_slot_of_a_withdrawn_check_is_given_to_nobody() -> None:
    gone = parse_checklist(
        without_second("withdrawn: [{id: DEM-02, slot: 1, reason: asked elsewhere}]\n").encode(), FILE
    )
    again = small(old="id: DEM-02", new="id: DEM-03")
    assert "got the slot of DEM-02" in " ".join(map(str, slot_problems(gone, again)))
