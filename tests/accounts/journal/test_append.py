"""A statement is written with its cause or not at all, and says only what the closed vocabulary lists."""

import datetime
import uuid
from collections.abc import Callable, Sequence

import pytest
from django.db import connection, transaction

from accounts.journal.actions import Action
from accounts.journal.append import append
from accounts.journal.canonical.batch import commit, make_leaf
from accounts.journal.canonical.encode import NotCanonical
from accounts.journal.models import Statement
from accounts.members.manage import add_member, create_token, remove_member, revoke_token
from accounts.members.models import ApiToken, Membership
from accounts.workspaces.isolation import OutsideWorkspace, in_workspace
from accounts.workspaces.models import Work
from accounts.workspaces.queue import Stage
from accounts.workspaces.revisions import next_revision
from accounts.workspaces.stages import run_stage
from tests.support.cast import Cast


class Stumble(Exception):
    """What a test raises in the middle of an act."""


def then_stumble(act: Callable[[], object]) -> None:
    act()
    raise Stumble


def written(cast: Cast) -> tuple[set[object], ...]:
    """Return all that an act may leave: statements, work, members with their roles, tokens with their ends."""
    with in_workspace(cast.workspace.pk):
        return (
            set(Statement.objects.values_list("pk", "action")),
            set(Work.objects.filter(workspace=cast.workspace).values_list("stage", "subject")),
            set(Membership.objects.filter(workspace=cast.workspace).values_list("user", "role")),
            set(ApiToken.objects.values_list("pk", "revoked_at")),
        )


@pytest.mark.parametrize("action", ["accounts:member:promoted", "ACCOUNTS:MEMBER:ADDED", ""])
def test_an_action_that_is_not_in_the_vocabulary_cannot_be_written(cast: Cast, action: str) -> None:
    before = written(cast)
    with pytest.raises(ValueError, match="not a valid Action"), in_workspace(cast.workspace.pk):
        append(action, {}, actor="command")  # type: ignore[arg-type]
    assert written(cast) == before


def test_every_action_reads_app_thing_past_tense_and_fits_its_column() -> None:
    longest = Statement._meta.get_field("action").max_length
    for action in Action:
        app, thing, done = action.split(":")
        assert app in {"accounts", "lineage", "policies", "audit"}
        assert thing.isalpha()
        assert done.endswith(("ed", "made", "withdrawn")), action
        assert longest is not None
        assert len(action) <= longest


def test_a_statement_waits_for_its_seal_as_soon_as_it_is_written(cast: Cast) -> None:
    with in_workspace(cast.workspace.pk):
        statement = append(Action.EXPORT_MADE, {"export": "x"}, actor="command")
        assert Work.objects.filter(stage=Stage.SEAL, subject=statement.pk).count() == 1


def test_a_statement_names_the_newest_revision_unless_its_cause_took_one(cast: Cast) -> None:
    with in_workspace(cast.workspace.pk):
        newest = next_revision("test")
        assert append(Action.EXPORT_MADE, {}, actor="command").revision == newest
        assert append(Action.EXPORT_MADE, {}, actor="command", revision=newest - 1).revision == newest - 1


def test_the_body_commits_to_the_leaves_of_its_batch(cast: Cast) -> None:
    leaves = [make_leaf({"asset": {"kind": "dataset", "uid": name}, "changes": []}) for name in ("a", "b", "c")]
    with in_workspace(cast.workspace.pk):
        said = append(Action.CHECKLIST_EVALUATED, {"x": 1}, actor="command", leaves=leaves)
        plain = append(Action.CHECKLIST_EVALUATED, {"x": 1}, actor="command")
    assert said.body == {"x": 1, "leaves": commit(leaves)}
    assert said.body["leaves"] != commit(leaves[:2])
    assert plain.body == {"x": 1}


@pytest.mark.parametrize("value", [float("nan"), b"bytes", "\ud800", datetime.datetime(2026, 11, 1)])  # noqa: DTZ001
def test_what_could_not_be_sealed_is_refused_with_its_cause(cast: Cast, value: object) -> None:
    def act() -> None:
        create_token("x", "engineer", actor="command")
        append(Action.EXPORT_MADE, {"value": value}, actor="command")

    before = written(cast)
    with pytest.raises(NotCanonical), in_workspace(cast.workspace.pk):
        act()
    assert written(cast) == before


def test_no_statement_is_written_outside_a_workspace(cast: Cast) -> None:
    with pytest.raises(OutsideWorkspace):
        append(Action.EXPORT_MADE, {}, actor="command")


def test_an_act_that_fails_half_way_leaves_neither_its_effect_nor_its_statement(cast: Cast) -> None:
    before = written(cast)
    with in_workspace(cast.workspace.pk):
        auditor = Membership.objects.get(workspace=cast.workspace, user=cast.auditor)
        token = ApiToken.objects.get()
    acts = [
        lambda: add_member("new@ours.example", "auditor", actor="command"),
        lambda: add_member(cast.auditor.email, "officer", actor="command"),
        lambda: remove_member(auditor, actor="command"),
        lambda: create_token("x", "engineer", actor="command"),
        lambda: revoke_token(token, actor="command"),
    ]
    for act in acts:
        with pytest.raises(Stumble), in_workspace(cast.workspace.pk):
            then_stumble(act)
        assert written(cast) == before


def test_a_stage_that_fails_after_its_statement_leaves_nothing_but_the_work(cast: Cast) -> None:
    with in_workspace(cast.workspace.pk):
        Work.objects.filter(workspace=cast.workspace).delete()
        cause = append(Action.EXPORT_MADE, {}, actor="command")
        Work.objects.filter(workspace=cast.workspace).update(stage=Stage.OPEN)
    before = written(cast)

    def handle(subjects: Sequence[uuid.UUID]) -> None:
        append(Action.TICKETS_CHANGED, {"tickets": []}, actor="stage:open")
        next_revision("open")
        raise Stumble

    assert run_stage(Stage.OPEN, cast.workspace.pk, handle, limit=10) == 0
    assert written(cast) == before
    with in_workspace(cast.workspace.pk):
        assert Work.objects.get(subject=cause.pk).attempts == 1


@pytest.mark.parametrize("change", ["UPDATE {} SET actor = 'x'", "DELETE FROM {}"])
def test_what_was_said_cannot_be_changed_or_taken_back_by_the_app(cast: Cast, change: str) -> None:
    with (
        pytest.raises(Exception, match="permission denied"),
        in_workspace(cast.workspace.pk),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(change.format("accounts_statement"))
