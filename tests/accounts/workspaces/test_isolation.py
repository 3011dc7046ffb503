"""A workspace sees nothing of another: through the ORM, a raw cursor, and by mistake outside any workspace."""

import pytest
from django.db import IntegrityError, connection, transaction

from accounts.journal.models import Statement
from accounts.members.models import ApiToken
from accounts.workspaces.isolation import OutsideWorkspace, current_workspace, in_workspace
from tests.support.cast import Cast


def test_a_workspace_sees_its_own_rows_alone(cast: Cast) -> None:
    with in_workspace(cast.workspace.pk):
        assert {token.workspace_id for token in ApiToken.objects.all()} == {cast.workspace.pk}
    with in_workspace(cast.elsewhere.pk):
        assert {token.workspace_id for token in ApiToken.objects.all()} == {cast.elsewhere.pk}


def test_a_raw_cursor_sees_no_row_of_another_workspace(cast: Cast) -> None:
    with in_workspace(cast.workspace.pk), connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT workspace_id FROM accounts_statement")
        assert cursor.fetchall() == [(cast.workspace.pk,)]


def test_touching_a_workspaces_table_outside_raises(cast: Cast) -> None:
    with pytest.raises(OutsideWorkspace):
        Statement.objects.count()


def test_a_row_cannot_be_written_into_another_workspace(cast: Cast) -> None:
    with (
        pytest.raises(Exception, match="row-level security"),
        in_workspace(cast.workspace.pk),
        transaction.atomic(),
    ):
        ApiToken.objects.create(workspace_id=cast.elsewhere.pk, name="x", role="pipeline", hint="al_")


def test_leaving_an_inner_workspace_restores_the_outer_one(cast: Cast) -> None:
    with in_workspace(cast.workspace.pk):
        with in_workspace(cast.elsewhere.pk):
            assert current_workspace() == cast.elsewhere.pk
        assert current_workspace() == cast.workspace.pk
        assert {token.workspace_id for token in ApiToken.objects.all()} == {cast.workspace.pk}


def test_an_error_inside_restores_the_outer_workspace(cast: Cast) -> None:
    with in_workspace(cast.workspace.pk):
        with pytest.raises(IntegrityError), in_workspace(cast.elsewhere.pk):
            ApiToken.objects.create(workspace_id=cast.elsewhere.pk, name="x", role="king", hint="al_")
        assert {token.workspace_id for token in ApiToken.objects.all()} == {cast.workspace.pk}


def test_the_app_may_not_change_what_is_append_only(cast: Cast) -> None:
    with pytest.raises(Exception, match="permission denied"), in_workspace(cast.workspace.pk):
        Statement.objects.update(actor="somebody else")


def test_the_app_may_not_list_token_digests(cast: Cast) -> None:
    with pytest.raises(Exception, match="permission denied"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT * FROM accounts_door")
