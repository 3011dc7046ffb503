"""Workspaces and members: each act is in the journal with who did it, and what cannot be is refused and told."""

import io

import pytest
from django.core.management import CommandError, call_command

from accounts.journal.models import Statement
from accounts.members.manage import InvalidAccount, add_member, create_workspace, remove_member
from accounts.members.models import Membership, User
from accounts.members.queries import actor_names, members
from accounts.workspaces.isolation import in_workspace
from accounts.workspaces.models import Workspace
from tests.support.cast import Cast

BY_ADMIN = "member:018f0000-0000-7000-8000-000000000001"


def roles(cast: Cast) -> dict[str, str]:
    with in_workspace(cast.workspace.pk):
        return {row.user.email.partition("@")[0]: row.role for row in members()}


def acts(cast: Cast, action: str) -> list[tuple[str, dict[str, str]]]:
    with in_workspace(cast.workspace.pk):
        rows = Statement.objects.filter(action=f"accounts:{action}").order_by("id")
        return [(row.actor, row.body) for row in rows]


def membership(cast: Cast, user: User) -> Membership:
    return Membership.objects.get(workspace=cast.workspace, user=user)


def test_a_workspace_begins_with_the_statement_that_made_it(cast: Cast) -> None:
    assert acts(cast, "workspace:created") == [("command", {"slug": "ours", "name": "Our bank", "demo": False})]
    made = create_workspace("bare", "", actor="command", is_demo=True)
    assert (made.name, made.is_demo, made.revision) == ("bare", True, 0)


@pytest.mark.parametrize("slug", ["ours", "two words", "", "a/b", "ü", "x" * 41])
def test_a_slug_that_is_taken_or_unusable_is_refused(cast: Cast, slug: str) -> None:
    before = Workspace.objects.count()
    with pytest.raises(InvalidAccount, match="Workspace slug"):
        create_workspace(slug, "x", actor="command")
    assert Workspace.objects.count() == before


@pytest.mark.parametrize("role", ["officer", "auditor", "engineer", "admin"])
def test_a_member_comes_in_with_a_role_and_a_statement(cast: Cast, role: str) -> None:
    with in_workspace(cast.workspace.pk):
        user = add_member("New.Person@Ours.Example", role, actor=BY_ADMIN, password="a long one").user
    assert roles(cast)["new.person"] == role
    assert user.check_password("a long one")
    assert acts(cast, "member:added")[-1] == (BY_ADMIN, {"member": str(user.pk), "role": role})


def test_a_member_without_a_password_cannot_sign_in_with_one(cast: Cast) -> None:
    with in_workspace(cast.workspace.pk):
        user = add_member("sso@ours.example", "auditor", actor="command").user
    assert not user.has_usable_password()


def test_adding_somebody_again_changes_the_role_and_makes_no_second_membership(cast: Cast) -> None:
    with in_workspace(cast.workspace.pk):
        add_member(cast.auditor.email.upper(), "officer", actor=BY_ADMIN, password="other")
    assert roles(cast)["auditor"] == "officer"
    assert acts(cast, "member:changed") == [(BY_ADMIN, {"member": str(cast.auditor.pk), "role": "officer"})]
    assert User.objects.filter(email=cast.auditor.email).count() == 1
    assert not User.objects.get(pk=cast.auditor.pk).check_password("other")  # a known person keeps her password


def test_one_person_may_be_in_two_workspaces_with_two_roles(cast: Cast) -> None:
    with in_workspace(cast.elsewhere.pk):
        add_member(cast.officer.email, "auditor", actor="command")
    assert roles(cast)["officer"] == "officer"
    assert Membership.objects.get(workspace=cast.elsewhere, user=cast.officer).role == "auditor"
    officer = cast.api["officer"]
    several = officer.get("/api/v1/findings")
    assert (several.status_code, several.json()["error"]["code"]) == (400, "workspace_not_named")
    for slug, status in (("ours", 202), ("elsewhere", 403)):
        answer = officer.post("/api/v1/evaluations", headers={"X-Auditline-Workspace": slug})
        assert answer.status_code == status, slug


@pytest.mark.parametrize(
    ("email", "role", "said"),
    [
        ("nobody", "auditor", "E-mail address: got 'nobody', expected name@domain.example"),
        ("a@b.example", "pipeline", "Role: got 'pipeline', expected one of officer, auditor, engineer, admin"),
        ("a@b.example", "king", "Role: got 'king'"),
    ],
)
def test_a_member_that_cannot_be_is_refused_and_leaves_nothing(cast: Cast, email: str, role: str, said: str) -> None:
    before = User.objects.count(), acts(cast, "member:added")
    with in_workspace(cast.workspace.pk), pytest.raises(InvalidAccount, match=said):
        add_member(email, role, actor="command")
    assert (User.objects.count(), acts(cast, "member:added")) == before


def test_a_removed_member_is_out_and_the_journal_keeps_what_she_was(cast: Cast) -> None:
    client = cast.api["auditor"]
    assert client.get("/api/v1/findings").status_code == 200
    with in_workspace(cast.workspace.pk):
        remove_member(membership(cast, cast.auditor), actor=BY_ADMIN)
    assert "auditor" not in roles(cast)
    assert acts(cast, "member:removed") == [(BY_ADMIN, {"member": str(cast.auditor.pk), "role": "auditor"})]
    assert client.get("/api/v1/findings").status_code == 401
    assert User.objects.filter(pk=cast.auditor.pk).exists()


def test_the_last_admin_stays_admin(cast: Cast) -> None:
    with in_workspace(cast.workspace.pk):
        with pytest.raises(InvalidAccount, match="last admin"):
            remove_member(membership(cast, cast.admin), actor="command")
        with pytest.raises(InvalidAccount, match="last admin"):
            add_member(cast.admin.email, "officer", actor="command")
        assert roles(cast)["admin"] == "admin"
        assert acts(cast, "member:removed") == acts(cast, "member:changed") == []
        add_member(cast.officer.email, "admin", actor="command")
        remove_member(membership(cast, cast.admin), actor="command")
    assert "admin" not in roles(cast)


def test_an_admin_of_another_workspace_does_not_count(cast: Cast) -> None:
    with in_workspace(cast.elsewhere.pk):
        add_member(cast.officer.email, "admin", actor="command")
    with in_workspace(cast.workspace.pk), pytest.raises(InvalidAccount, match="last admin"):
        remove_member(membership(cast, cast.admin), actor="command")


def test_a_person_who_was_switched_off_gets_in_nowhere(cast: Cast) -> None:
    User.objects.filter(pk=cast.officer.pk).update(is_active=False)
    assert cast.api["officer"].get("/api/v1/findings").status_code == 401


def test_the_command_adds_a_member_and_prints_the_first_password_once(cast: Cast) -> None:
    said = io.StringIO()
    call_command("create_member", workspace="ours", email="new@ours.example", role="engineer", stdout=said)
    password = said.getvalue().splitlines()[-1]
    assert User.objects.get(email="new@ours.example").check_password(password)
    again = io.StringIO()
    call_command("create_member", workspace="ours", email="new@ours.example", role="officer", stdout=again)
    assert again.getvalue() == "new@ours.example is officer of ours.\n"
    with pytest.raises(CommandError, match="expected one of officer"):
        call_command("create_member", workspace="ours", email="x@ours.example", role="pipeline")
    with pytest.raises(CommandError, match="is taken"):
        call_command("create_workspace", "ours")


def test_actors_are_called_by_name_and_former_ones_too(cast: Cast) -> None:
    with in_workspace(cast.workspace.pk):
        gone = "member:018f0000-0000-7000-8000-00000000dead"
        names = actor_names([f"member:{cast.officer.pk}", gone, "stage:raise", "command"])
    assert names == {
        f"member:{cast.officer.pk}": "officer@ours.example",
        gone: "a former member",
        "stage:raise": "Auditline, findings",
        "command": "an operator, by command",
    }
