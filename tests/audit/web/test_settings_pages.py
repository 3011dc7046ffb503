"""Members and tokens by page: rights, secrets that are shown once, and errors that say what to do."""

import re

import pytest

from accounts.journal.models import Statement
from accounts.members.models import ApiToken, Membership, User
from accounts.workspaces.isolation import in_workspace
from tests.support.cast import Cast, bearer
from tests.support.openlineage import run_event

MEMBERS, TOKENS = "/w/ours/members/", "/w/ours/tokens/"


def acts(cast: Cast) -> list[str]:
    with in_workspace(cast.workspace.pk):
        return list(Statement.objects.order_by("pk").values_list("action", flat=True))


def test_admin_adds_a_person_whose_first_password_works_and_is_shown_once(cast: Cast) -> None:
    page = cast.page(cast.admin)
    answer = page.post(MEMBERS, {"email": "new@ours.example", "role": "engineer"}).content.decode()
    found = re.search(r'id="first-password">([^<]+)<', answer)
    assert found is not None
    assert User.objects.get(email="new@ours.example").check_password(found[1])
    assert found[1] not in page.get(MEMBERS).content.decode()
    assert acts(cast)[-1] == "accounts:member:added"


def test_a_person_who_can_sign_in_already_keeps_her_password(cast: Cast) -> None:
    answer = cast.page(cast.admin).post(MEMBERS, {"email": cast.outsider.email, "role": "auditor"}, follow=True)
    assert "outsider@elsewhere.example is auditor here." in answer.content.decode()
    assert "first-password" not in answer.content.decode()
    assert cast.page(cast.outsider).get(MEMBERS).status_code == 200


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        ({}, "Got no address, expected name@domain.example."),
        ({"email": "nobody", "role": "auditor"}, "Got something that is no e-mail address"),
        ({"email": "new@ours.example", "role": "king"}, "Got king, expected a role from the list."),
    ],
)
def test_a_member_that_cannot_be_added_is_told_why(cast: Cast, sent: dict[str, str], told: str) -> None:
    answer = cast.page(cast.admin).post(MEMBERS, sent)
    assert answer.status_code == 400
    assert told in answer.content.decode()


def test_admin_changes_a_role(cast: Cast) -> None:
    membership = Membership.objects.get(user=cast.engineer)
    page = cast.page(cast.admin).post(f"{MEMBERS}{membership.pk}/role/", {"role": "officer"}, follow=True)
    assert "engineer@ours.example is officer here." in page.content.decode()
    assert Membership.objects.get(user=cast.engineer).role == "officer"


def test_the_last_admin_stays_one(cast: Cast) -> None:
    membership = Membership.objects.get(user=cast.admin)
    page = cast.page(cast.admin)
    told = "This is the last admin of the workspace. Give another member the role admin first."
    assert told in page.post(f"{MEMBERS}{membership.pk}/role/", {"role": "auditor"}, follow=True).content.decode()
    assert told in page.post(f"{MEMBERS}{membership.pk}/remove/").content.decode()
    assert Membership.objects.get(user=cast.admin).role == "admin"


def test_admin_removes_a_member_after_a_card_that_says_what_it_does(cast: Cast) -> None:
    membership = Membership.objects.get(user=cast.auditor)
    page = cast.page(cast.admin)
    assert "Remove auditor@ours.example?" in page.get(f"{MEMBERS}{membership.pk}/remove/").content.decode()
    assert Membership.objects.filter(user=cast.auditor).exists()
    page.post(f"{MEMBERS}{membership.pk}/remove/")
    assert not Membership.objects.filter(user=cast.auditor).exists()
    assert acts(cast)[-1] == "accounts:member:removed"


def test_a_member_of_elsewhere_cannot_be_removed_from_here(cast: Cast) -> None:
    theirs = Membership.objects.get(user=cast.outsider)
    assert cast.page(cast.admin).post(f"{MEMBERS}{theirs.pk}/remove/").status_code == 404
    assert Membership.objects.filter(user=cast.outsider).exists()


def test_officer_reads_members_and_is_offered_no_form(cast: Cast) -> None:
    page = cast.page(cast.officer).get(MEMBERS).content.decode()
    assert "engineer@ours.example" in page
    assert "Add a member" not in page
    assert "/remove/" not in page


def test_a_token_made_by_page_sends_events_and_its_secret_is_shown_once(cast: Cast) -> None:
    page = cast.page(cast.admin)
    answer = page.post(TOKENS, {"name": "airflow", "role": "pipeline", "namespaces": "", "days": ""}).content.decode()
    found = re.search(r'id="token-secret">(al_[^<]+)<', answer)
    assert found is not None
    assert f"export OPENLINEAGE_URL=http://testserver\nexport OPENLINEAGE_API_KEY={found[1]}" in answer
    assert found[1] not in page.get(TOKENS).content.decode()
    assert bearer(found[1]).post("/api/v1/lineage", run_event(), format="json").status_code == 201


def test_a_revoked_token_sends_nothing(cast: Cast) -> None:
    with in_workspace(cast.workspace.pk):
        token = ApiToken.objects.get()
    page = cast.page(cast.admin)
    assert f"Revoke the token {token.name}?" in page.get(f"{TOKENS}{token.pk}/revoke/").content.decode()
    page.post(f"{TOKENS}{token.pk}/revoke/")
    assert bearer(cast.pipeline).post("/api/v1/lineage", run_event(), format="json").status_code == 401


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        ({"role": "pipeline"}, "Got no name, expected that of the one system that will send with it."),
        ({"name": "a", "role": "pipeline", "days": "0"}, "Expected at least 1 day, or nothing for no end."),
        ({"name": "a", "role": "pipeline", "days": "soon"}, "Got something that is no number, expected whole days"),
        ({"name": "a", "role": "pipeline", "namespaces": "x" * 401}, "Got a namespace of 401 characters"),
    ],
)
def test_a_token_that_cannot_be_made_is_told_why(cast: Cast, sent: dict[str, str], told: str) -> None:
    answer = cast.page(cast.admin).post(TOKENS, sent)
    assert answer.status_code == 400
    assert told in answer.content.decode()


def test_another_workspaces_token_cannot_be_revoked_from_here(cast: Cast) -> None:
    with in_workspace(cast.elsewhere.pk):
        theirs = ApiToken.objects.get()
    assert cast.page(cast.admin).post(f"{TOKENS}{theirs.pk}/revoke/").status_code == 404
