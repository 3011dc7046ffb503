"""Statements that are sent run in their order, on the same connection, and tell their errors."""

import pytest
from django.db import IntegrityError

from accounts.workspaces.ids import new_id
from accounts.workspaces.isolation import OutsideWorkspace, in_workspace
from lineage.inventory.models import Source
from lineage.inventory.sending import sending
from tests.support.cast import Cast

_MAKE = """
INSERT INTO "lineage_source" (id, workspace_id, door, name, grade_class, default_origin)
SELECT w.id, %s, 'inventory', w.name, '', 'declared' FROM unnest(%s::uuid[], %s::text[]) AS w (id, name)
"""
_RENAME = """UPDATE "lineage_source" SET name = name || %s WHERE workspace_id = %s"""


def test_what_is_sent_has_run_in_its_order_at_the_end_of_the_block(cast: Cast) -> None:
    with in_workspace(cast.workspace.pk):
        with sending() as send:
            send(_MAKE, [cast.workspace.pk, [new_id(), new_id()], ["a", "b"]])
            for letter in "xyz":
                send(_RENAME, [letter, cast.workspace.pk])
        assert sorted(Source.objects.values_list("name", flat=True)) == ["axyz", "bxyz"]


@pytest.mark.parametrize("after", [0, 1, 3])
def test_an_error_of_any_statement_is_raised_and_undoes_all(cast: Cast, after: int) -> None:
    with pytest.raises(IntegrityError):
        _send_a_wrong_one(cast, after)
    with in_workspace(cast.workspace.pk):
        assert not Source.objects.exists()


def test_an_error_of_the_block_itself_is_raised_and_undoes_what_was_sent(cast: Cast) -> None:
    with pytest.raises(ZeroDivisionError):
        _send_and_fail(cast)
    with in_workspace(cast.workspace.pk):
        assert not Source.objects.exists()


def test_nothing_is_sent_to_the_rows_of_a_workspace_from_outside_of_it(cast: Cast) -> None:
    with pytest.raises(OutsideWorkspace), sending() as send:
        send(_RENAME, ["x", cast.workspace.pk])


def _send_a_wrong_one(cast: Cast, after: int) -> None:
    same = new_id()
    with in_workspace(cast.workspace.pk), sending() as send:
        send(_MAKE, [cast.workspace.pk, [new_id()], ["kept by nobody"]])
        send(_MAKE, [cast.workspace.pk, [same, same], ["a", "b"]])
        for letter in "xyz"[:after]:
            send(_RENAME, [letter, cast.workspace.pk])


def _send_and_fail(cast: Cast) -> None:
    with in_workspace(cast.workspace.pk), sending() as send:
        send(_MAKE, [cast.workspace.pk, [new_id()], ["a"]])
        raise ZeroDivisionError
