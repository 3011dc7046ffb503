"""A small valid checklist that the tests bend: made here, of no product's content."""

from typing import Any

import pytest

from policies.checklists.checks import Checklist
from policies.checklists.errors import ChecklistRefused, Problem
from policies.checklists.read import parse_checklist

FILE = "demo.yaml"

SMALL = """\
family: DEM
title: "Demonstration"
answers: "Whether the tests test."
version: 1
checks:
  - id: DEM-01
    slot: 0
    question: "Is every login protected by a second factor?"
    type: automatic
    severity: high
    basis: house
    subject: identity
    sources: [inventory]
    best_grade: A
    freshness: 24h
    when: "asset.subtype == 'human'"
    condition: "asset.mfa_enforced && asset.key_age_days <= params.max_days"
    params:
      max_days: {type: int, default: 90, unit: "days", reason: "one quarter"}
    remediation: "Switch it on."
    frameworks:
      iso27001_2022: ["A.5.17"]
    tests:
      - expect: pass
        asset: {subtype: human, mfa_enforced: true, key_at: "2026-10-31T00:00:00Z"}
      - expect: fail
        asset: {subtype: human, mfa_enforced: false}
      - expect: unknown
        missing: [asset.mfa_enforced]
        asset: {subtype: human, key_at: "2026-10-31T00:00:00Z"}
      - expect: not_applicable
        asset: {subtype: service}
  - id: DEM-02
    slot: 1
    question: "Was the playbook rehearsed?"
    type: manual
    severity: low
    basis: house
    subject: policy_document
    sources: [attestation]
    best_grade: D
    freshness: per_change
    evidence_required: ["Record of the exercise"]
    valid_for: 180d
    attested_by: "security lead"
    params: {}
    remediation: "Rehearse it."
    frameworks: {}
    tests:
      - expect: manual
        asset: {subtype: playbook}
"""


def small(**changes: str) -> Checklist:
    """Read the small checklist, with `old=new` text replaced once each (see `bend`)."""
    return parse_checklist(bend(**changes).encode(), FILE)


def bend(old: str = "", new: str = "") -> str:
    """Return the small checklist's text with one place changed; the place must be there."""
    assert old in SMALL
    return SMALL.replace(old, new, 1) if old else SMALL


def refused(text: str, **options: Any) -> tuple[Problem, ...]:
    """Return the problems for which `text` is refused."""
    with pytest.raises(ChecklistRefused) as caught:
        parse_checklist(text.encode(), FILE, **options)
    assert caught.value.code == "checklist_refused"
    assert not caught.value.retryable
    return caught.value.problems
