"""The checklists of the product: complete, tested, with slots that never move."""

import json
from collections import Counter
from pathlib import Path

import pytest
import yaml

from lineage.inventory.kinds.load import load_vocabulary
from policies.checklists.checks import Check, Checklist
from policies.checklists.facts import fact_problems
from policies.checklists.read import SHIPPED, shipped_checklists, shipped_frameworks

CATALOGUE = Path(__file__).resolve().parents[4] / "shared" / "content"
beside = pytest.mark.skipif(not CATALOGUE.is_dir(), reason="the catalogue does not lie beside this checkout")

SLOTS = json.loads(Path(__file__).with_name("slots.json").read_text())

SHARPENED = {"SOV-04", "SOV-06", "SOV-12", "SOV-17", "SKL-04"}
"""Conditions that differ from the catalogue; docs/decisions/0020-sharpened-checks.md gives the reason of each."""

ADDED = {"slot", "tests"}

each_checklist = pytest.mark.parametrize("checklist", shipped_checklists(), ids=lambda checklist: checklist.family)
each_check = pytest.mark.parametrize(
    "check", [check for checklist in shipped_checklists() for check in checklist.checks], ids=lambda check: check.id
)


def test_three_families_are_shipped() -> None:
    assert {checklist.family: len(checklist.checks) for checklist in shipped_checklists()} == {
        "SEC": 17,
        "SKL": 14,
        "SOV": 17,
    }


@each_check
def test_every_verdict_of_a_check_is_shown_by_a_test(check: Check) -> None:
    shown = Counter(test.expect for test in check.tests)
    needed = {"manual"} if check.type == "manual" else {"pass", "fail", "unknown"}
    assert shown.keys() >= needed | ({"not_applicable"} if check.when else set())


@each_check
def test_an_unknown_names_what_is_missing_or_why(check: Check) -> None:
    assert all(test.missing or test.reason for test in check.tests if test.expect == "unknown")


@each_checklist
def test_tests_use_only_facts_that_a_document_can_hold(checklist: Checklist) -> None:
    assert [str(problem) for problem in fact_problems(checklist, load_vocabulary())] == []


def test_slots_are_what_they_always_were() -> None:
    """A slot that moves gives one check the history of another: add to slots.json, never change it."""
    assert {check.id: check.slot for checklist in shipped_checklists() for check in checklist.checks} == SLOTS


def test_mappings_name_known_frameworks() -> None:
    named = {key for checklist in shipped_checklists() for check in checklist.checks for key in check.frameworks}
    assert named
    assert named <= shipped_frameworks().keys()


def catalogue_of(family: str) -> dict[str, dict[str, object]]:
    rows = yaml.safe_load((CATALOGUE / "controls" / f"{family.lower()}.yaml").read_text())["controls"]
    return {row["id"]: row for row in rows}


@beside
@each_checklist
def test_a_checklist_holds_every_control_of_the_catalogue(checklist: Checklist) -> None:
    assert [check.id for check in checklist.checks] == list(catalogue_of(checklist.family))


@beside
@each_check
def test_a_check_is_its_control_unless_listed_as_sharpened(check: Check) -> None:
    control = catalogue_of(check.id.split("-")[0])[check.id]
    ours = {key: value for key, value in check.body.items() if key not in ADDED}
    differing = {key for key in control.keys() | ours.keys() if control.get(key) != ours.get(key)}
    assert differing == ({"condition"} if check.id in SHARPENED else set())


@beside
def test_frameworks_are_those_of_the_catalogue() -> None:
    ours = yaml.safe_load((SHIPPED / "frameworks.yaml").read_text())
    assert ours == yaml.safe_load((CATALOGUE / "frameworks.yaml").read_text())


def test_every_sharpening_has_its_reason_in_the_decision() -> None:
    text = (Path(__file__).resolve().parents[3] / "docs/decisions/0020-sharpened-checks.md").read_text()
    assert all(f"**{id_}**" in text for id_ in SHARPENED)
