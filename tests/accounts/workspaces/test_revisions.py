"""Revisions count what is known: one after the other, without gap, whoever takes them at the same time."""

import threading

import pytest
from django.db import OperationalError, connection

from accounts.workspaces.isolation import in_workspace
from accounts.workspaces.models import Revision, Workspace
from accounts.workspaces.revisions import current_revision, newest_revision, next_revision, revision_at
from tests.support.cast import Cast

two_connections = pytest.mark.django_db(transaction=True)


def take(cast: Cast, times: int = 1) -> None:
    for _ in range(times):
        with in_workspace(cast.workspace.pk):
            next_revision("test")


def test_a_new_workspace_knows_nothing(cast: Cast) -> None:
    with in_workspace(cast.workspace.pk):
        assert current_revision() == 0
        assert newest_revision() is None


def test_revisions_of_workspaces_do_not_mix(cast: Cast) -> None:
    take(cast, 3)
    with in_workspace(cast.elsewhere.pk):
        assert next_revision("test") == 1
    with in_workspace(cast.workspace.pk):
        assert current_revision() == 3


def test_a_revision_that_was_rolled_back_leaves_no_gap(cast: Cast) -> None:
    take(cast)
    with pytest.raises(ZeroDivisionError), in_workspace(cast.workspace.pk):
        assert next_revision("test") / 0
    take(cast)
    with in_workspace(cast.workspace.pk):
        assert list(Revision.objects.order_by("number").values_list("number", flat=True)) == [1, 2]
    assert Workspace.objects.get(pk=cast.workspace.pk).revision == 2


@two_connections
def test_many_at_once_get_each_number_once_and_in_the_order_of_their_instants(cast: Cast) -> None:
    def work() -> None:
        try:
            take(cast, 10)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with in_workspace(cast.workspace.pk):
        by_number = list(Revision.objects.order_by("number").values_list("number", "at"))
    assert [number for number, _ in by_number] == list(range(1, 41))
    instants = [at for _, at in by_number]
    assert instants == sorted(instants)


@two_connections
def test_nobody_takes_the_next_one_before_the_last_one_is_known(cast: Cast) -> None:
    refused: list[BaseException] = []

    def impatient() -> None:
        try:
            with in_workspace(cast.workspace.pk):
                with connection.cursor() as cursor:
                    cursor.execute("SET LOCAL lock_timeout = '200ms'")
                next_revision("test")
        except OperationalError as error:
            refused.append(error)
        finally:
            connection.close()

    with in_workspace(cast.workspace.pk):
        next_revision("test")
        thread = threading.Thread(target=impatient)
        thread.start()
        thread.join()
    assert "lock timeout" in str(refused[0])
    with in_workspace(cast.workspace.pk):
        assert current_revision() == 1


@two_connections
def test_an_instant_names_the_last_revision_that_was_known_then(cast: Cast) -> None:
    take(cast, 3)
    with in_workspace(cast.workspace.pk):
        at = dict(Revision.objects.values_list("number", "at"))
        assert [revision_at(at[number]) for number in (1, 2, 3)] == [1, 2, 3]
        assert revision_at(at[1].replace(year=at[1].year - 1)) == 0
        assert revision_at(at[3].replace(year=at[3].year + 1)) == 3
        newest = newest_revision()
        assert newest is not None
        assert (newest.number, newest.cause) == (3, "test")


def test_what_was_known_when_cannot_be_rewritten_by_the_app(cast: Cast) -> None:
    take(cast)
    with pytest.raises(Exception, match="permission denied"), in_workspace(cast.workspace.pk):
        Revision.objects.update(number=7)
