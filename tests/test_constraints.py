"""Every constraint of the database refuses what it is there for, also round the models and as superuser.

Unique constraints are tried with a second row of the same values; for a check constraint the row that breaks it stands
in BREAKS. A constraint that is in neither fails `test_every_constraint_is_tried`.
"""

import datetime
import uuid
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from django.apps import apps
from django.db import models
from psycopg.types.json import Jsonb

from tests.support.rows import NOW, VALID, insert

OURS = {"accounts", "lineage", "policies", "audit"}
BREAKS: dict[str, dict[str, Any]] = {
    "workspace_revision_not_negative": {"revision": -1},
    "revision_number_positive": {"number": 0},
    "act_needs_another_person": {
        "state": "approved",
        "four_eyes": True,
        "decided_at": NOW,
        **dict.fromkeys(["proposer", "decider"], uuid.UUID(int=1)),
    },
    "act_four_eyes_needs_two_persons": {"kind": "workspace.four_eyes", "four_eyes": False},
    "act_decision_is_whole": {"state": "approved", "decided_at": NOW, "decider": None},
    "act_valid_after_proposal": {"valid_until": NOW},
    "membership_role_known": {"role": "pipeline"},
    "token_role_known": {"role": "king"},
    "factset_revisions_ordered": {"rev_from": 2, "rev_to": 2},
    "import_projected_within_parts": {"parts": 1, "projected": 2},
    "import_ended_has_time": {"state": "done", "finished_at": None},
    "relation_revisions_ordered": {"rev_from": 2, "rev_to": 1},
    "source_retire_percent_is_a_share": {"retire_percent": 101},
    "retirement_confirmed_by_an_act": {"state": "confirmed", "ended_at": NOW, "act_id": None},
    "retirement_applied_when_confirmed": {"applied_rev": 1},
    "join_ended_by_an_act": {"ended_at": NOW, "ended_act_id": None},
    "retirement_end_is_whole": {"ended_at": NOW},
    "derived_revisions_ordered": {"rev_from": 2, "rev_to": 2},
    "flow_revisions_ordered": {"rev_from": 2, "rev_to": 2},
    "job_gap_revisions_ordered": {"rev_from": 2, "rev_to": 2},
    "facet_deleted_has_no_body": {"size": 0, "body": Jsonb({})},
    "masking_ends_after_its_start": {"until": NOW},
    "masking_at_most_a_year": {"until": NOW + datetime.timedelta(days=367)},
    "masking_revoked_by_an_act": {"revoked_at": NOW, "revoked_act_id": None},
    "traced_revisions_ordered": {"rev_from": 2, "rev_to": 2},
    "run_has_asset_unless_design": {"run_id": "x", "asset_id": None},
    "hold_names_what_its_scope_says": {"scope": "namespace", "namespace": None},
    "hold_placed_by_person": {"placed_by": "token:one"},
    "hold_released_by_person": {"released_by": "token:two", "released_at": NOW, "release_reason": "x"},
    "hold_released_by_another": {"released_by": "member:one", "released_at": NOW, "release_reason": "x"},
    "retention_days_positive": {"days": 0},
    "pull_hours_positive": {"every_hours": 0},
    "retention_kind_known": {"kind": "ship"},
    "retention_data_class_known": {"data_class": "secret"},
    "retention_set_by_person": {"set_by": "token:one"},
    "retention_end_is_whole": {"ended_at": NOW},
    "edition_number_positive": {"number": 0},
    "check_severity_known": {"severity": "awful"},
    "verdict_count_not_negative": {"count": -1},
    "finding_resolved_has_time": {"state": "resolved", "resolved_at": None},
    "finding_open_has_no_resolution": {"state": "open", "resolution": "passed"},
    "finding_due_after_detection": {"due_at": NOW - datetime.timedelta(days=1)},
    "ticket_closed_has_time": {"state": "closed", "closed_at": None},
    "ledger_index_not_negative": {"index": -1},
    "ledger_node_not_negative": {"index": -1},
    "export_ready_is_whole": {"state": "ready", "sha256": "", "size": None},
}
# What a unique constraint needs to bind: the values of its condition.
BINDS: dict[str, dict[str, Any]] = {
    "checklist_active_once": {"active": True},
    "retention_once_per_class": {"ended_by": None},
    "retention_once_per_act": {"act_id": uuid.uuid4(), "kind": "run", "data_class": None, "ended_by": None},
    "import_recorded_once": {"recorded_as": b"\x00" * 32},
    "export_slot_once": {"schedule_id": uuid.uuid4(), "slot": NOW},
}


def constraints() -> Iterator[tuple[type[models.Model], models.BaseConstraint]]:
    for model in apps.get_models():
        if model._meta.app_label in OURS:
            for constraint in model._meta.constraints:
                yield model, constraint


UNIQUE = [(m, c) for m, c in constraints() if isinstance(c, models.UniqueConstraint)]
CHECKS = [(m, c) for m, c in constraints() if isinstance(c, models.CheckConstraint)]


def test_every_constraint_is_tried() -> None:
    assert {constraint.name for _, constraint in CHECKS} == set(BREAKS)
    assert {constraint.name for _, constraint in constraints()} == {c.name for _, c in UNIQUE + CHECKS}


def other_than(model: type[models.Model], first: dict[str, Any]) -> dict[str, Any]:
    """Return other values for the numbers and texts of a row, so that only the constraint in question is met again."""
    different: dict[str, Any] = {}
    for field in model._meta.local_concrete_fields:
        column = str(field.column)
        value = first.get(column)
        if isinstance(value, int) and not isinstance(value, bool) and field.name not in VALID:
            different[column] = value + 1
        elif isinstance(field, models.CharField) and field.name not in VALID:
            different[column] = "y"
    return different


@pytest.mark.parametrize(("model", "constraint"), UNIQUE, ids=lambda value: getattr(value, "name", ""))
def test_a_second_row_is_refused(
    model: type[models.Model], constraint: models.UniqueConstraint, superuser: psycopg.Connection[Any]
) -> None:
    bound = BINDS.get(str(constraint.name), {})
    first = insert(superuser, model, **bound)
    columns = [str(field.column) for field in model._meta.local_concrete_fields if field.name in constraint.fields]
    same = {column: first[column] for column in columns}
    with pytest.raises(psycopg.errors.UniqueViolation) as refused:
        insert(superuser, model, **(other_than(model, first) | bound | same))
    assert refused.value.diag.constraint_name == constraint.name


@pytest.mark.parametrize(("model", "constraint"), CHECKS, ids=lambda value: getattr(value, "name", ""))
def test_a_row_that_breaks_the_rule_is_refused(
    model: type[models.Model], constraint: models.CheckConstraint, superuser: psycopg.Connection[Any]
) -> None:
    insert(superuser, model)
    with pytest.raises(psycopg.errors.CheckViolation) as refused:
        insert(superuser, model, **BREAKS[str(constraint.name)])
    assert refused.value.diag.constraint_name == constraint.name
