"""A check reads what a workspace has declared, by its type, and both engines agree on it."""

import pytest
from django.db import connection

from lineage.inventory.kinds.declared import EMPTY, extended, merged, problems_of
from lineage.inventory.kinds.load import shipped_vocabulary, speaking
from lineage.inventory.kinds.types import Vocabulary
from policies.checklists.compile import compile_checklist
from policies.checklists.errors import ChecklistRefused
from policies.checklists.read import parse_checklist
from policies.checklists.try_tests import try_checklist
from policies.checklists.waiting import waiting_for
from tests.support.declared import PUMP, TIER

PLANT = """\
family: PMP
title: "Pumps"
answers: "Whether the cooling holds."
version: 1
checks:
  - id: PMP-01
    slot: 0
    question: "Does every pump that cools gold storage move enough, or have a second one?"
    type: automatic
    severity: high
    basis: house
    subject: pump
    sources: [inventory]
    best_grade: A
    freshness: 24h
    when: "related('cools').exists(s, s.data_tier == 'gold')"
    condition: "asset.redundant || (asset.flow_litres >= params.least && now - asset.serviced_at < duration('8760h'))"
    params:
      least: {type: double, default: 10.0, unit: "l/min", reason: "as built"}
    remediation: "Add a pump."
    frameworks: {}
    tests:
      - expect: pass
        now: "2026-11-01T00:00:00Z"
        asset: {redundant: false, flow_litres: 12.5, serviced_at: "2026-10-01T00:00:00Z"}
        related: {cools: [{data_tier: gold}]}
      - expect: fail
        now: "2026-11-01T00:00:00Z"
        asset: {redundant: false, flow_litres: 2.5, serviced_at: "2026-10-01T00:00:00Z"}
        related: {cools: [{data_tier: gold}]}
      - expect: fail
        now: "2026-11-01T00:00:00Z"
        asset: {redundant: false, flow_litres: 12.5, serviced_at: "2024-10-01T00:00:00Z"}
        related: {cools: [{data_tier: gold}]}
      - expect: unknown
        missing: [asset.flow_litres]
        asset: {redundant: false, serviced_at: "2026-10-01T00:00:00Z"}
        related: {cools: [{data_tier: gold}]}
      - expect: not_applicable
        asset: {flow_litres: 1.0}
        related: {cools: [{data_tier: bronze}]}
"""


def plant() -> Vocabulary:
    vocabulary, content = shipped_vocabulary(), EMPTY
    tier = {"kind": "storage", "meaning": "", "attributes": [TIER], "relations": []}
    for number, said in enumerate([PUMP, tier], start=1):
        whole = said | {"retire": [], "attributes": [{"unit": None} | each for each in said["attributes"]]}
        assert problems_of(vocabulary, whole) == []
        content = extended(content, whole)
        vocabulary = merged(shipped_vocabulary(), content, number)
    return vocabulary


@pytest.mark.django_db
def test_both_engines_judge_by_what_was_declared() -> None:
    with connection.cursor() as cursor:
        results = try_checklist(parse_checklist(PLANT.encode(), "plant.yaml"), plant(), cursor)
    assert [each.row for each in results] == ["pass", "fail", "fail", "unknown", "not_applicable"]
    assert all(each.ok for each in results)
    assert [each.sql for each in results] == ["pass", "fail", "fail", "undecided", "not_applicable"]


def test_the_vocabulary_in_force_is_the_one_that_checks_are_compiled_by() -> None:
    checklist = parse_checklist(PLANT.encode(), "plant.yaml")
    with pytest.raises(ChecklistRefused, match="pump"):
        try_checklist(checklist)
    with speaking(plant()):
        assert len(try_checklist(checklist)) == 5
        compiled = compile_checklist(checklist)["PMP-01"]
        assert waiting_for(compiled, []) == []


def test_a_declared_attribute_is_compared_by_its_type_alone() -> None:
    text = PLANT.replace(
        "asset.flow_litres >= params.least", "asset.flow_litres >= params.least && asset.redundant == 'much'"
    )
    with pytest.raises(ChecklistRefused, match="does not take"):
        try_checklist(parse_checklist(text.encode(), "plant.yaml"), plant())
