"""A workspace sees nothing of another: through the ORM, a raw cursor, and by mistake outside any workspace."""

import uuid

import pytest
from django.db import DataError, IntegrityError, ProgrammingError, connection, transaction

from accounts.journal.models import Statement
from accounts.members.models import ApiToken
from accounts.workspaces.isolation import OutsideWorkspace, current_workspace, in_workspace, run_in_workspace
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


@pytest.mark.django_db(transaction=True)
def test_a_process_that_connects_again_and_again_is_guarded_once(cast: Cast) -> None:
    connection.ensure_connection()
    before = list(connection.execute_wrappers)
    for _ in range(3):
        connection.close()
        connection.ensure_connection()
    assert connection.execute_wrappers == before, "each statement passes through all of them"
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


@pytest.mark.django_db(transaction=True)
def test_a_statement_run_by_itself_sees_its_workspace_alone_and_leaves_no_trace_of_it(cast: Cast) -> None:
    seen = 'SELECT DISTINCT workspace_id FROM "accounts_apitoken" WHERE name <> %s'
    for workspace in (cast.workspace.pk, cast.elsewhere.pk):
        assert run_in_workspace(workspace, seen, ["x"]) == [(workspace,)]
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('auditline.workspace', true)")
        assert cursor.fetchone()[0] in {"", None}
    with pytest.raises(OutsideWorkspace):
        current_workspace()


_PUSH = """
INSERT INTO "accounts_work" (workspace_id, stage, subject, attempts)
SELECT %s, 'project', %s, g.n::text::smallint FROM unnest(%s::int[]) AS g (n) RETURNING attempts
"""


@pytest.mark.django_db(transaction=True)
def test_a_statement_run_by_itself_is_kept_whole_or_not_at_all(cast: Cast) -> None:
    def kept() -> int:
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM accounts_work WHERE subject = %s", [subject])
            return int(cursor.fetchone()[0])

    subject = uuid.uuid4()
    with pytest.raises(DataError):
        run_in_workspace(cast.workspace.pk, _PUSH, [cast.workspace.pk, subject, "{1,2,70000}"])
    assert kept() == 0
    assert run_in_workspace(cast.workspace.pk, _PUSH, [cast.workspace.pk, subject, "{1,2,3}"]) == [(1,), (2,), (3,)]
    connection.close()  # what is not committed by now is lost
    assert kept() == 3


@pytest.mark.django_db(transaction=True)
def test_a_statement_run_by_itself_cannot_write_into_another_workspace(cast: Cast) -> None:
    other = 'INSERT INTO "lineage_eventreceipt" (id, workspace_id, content_digest) VALUES (%s, %s, %s)'
    with pytest.raises(ProgrammingError, match="row-level security"):
        run_in_workspace(cast.workspace.pk, other, [uuid.uuid4(), cast.elsewhere.pk, b"d" * 32])


def test_a_statement_is_not_run_by_itself_inside_a_transaction(cast: Cast) -> None:
    with pytest.raises(RuntimeError, match="a transaction is open"):
        run_in_workspace(cast.workspace.pk, "SELECT 1", [])
