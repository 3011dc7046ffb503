"""The one gate of every page: who may look, who may change, and what each is told."""

import pytest
from django.test import Client
from django.urls import reverse

from audit.web.urls import workspace_pages
from tests.support.cast import Cast, bearer

CHANGES = {
    "replay": {"letter_id"},
    "ticket_assign": {"ticket_id"},
    "ticket_due": {"ticket_id"},
    "schedule_add": set(),
    "schedule_pause": {"schedule_id"},
    "schedule_resume": {"schedule_id"},
    "schedule_remove": {"schedule_id"},
    "member_role": {"member_id"},
    "member_remove": {"member_id"},
    "token_revoke": {"token_id"},
    "act_propose": {"kind"},
    "kinds_propose": {"what"},
    "rule_propose": set(),
    "rule_end": set(),
    "hold_place": set(),
    "hold_release": set(),
    "act_approve": {"act_id"},
    "act_reject": {"act_id"},
    "act_withdraw": {"act_id"},
    "inventories": set(),
    "inventory_preview": set(),
    "retirement_confirm": {"question_id"},
    "retirement_dismiss": {"question_id"},
    "join_accept": set(),
    "join_withdraw": set(),
    "exports": set(),
    "members": set(),
    "tokens": set(),
}
"""Pages by which something is changed, with the ids in their addresses; asking, which is kept, is free to auditors."""
SOME_ID = "01900000-0000-7000-8000-000000000000"


def address(name: str, slug: str = "ours") -> str:
    return reverse(f"web:{name}", kwargs={"slug": slug, **dict.fromkeys(CHANGES.get(name, set()), SOME_ID)})


def takes_post(cast: Cast, name: str) -> bool:
    """Whether a page takes POST at all: the admin, who may do everything, is not told 405."""
    ids = {key: SOME_ID if key.endswith("_id") else "SOV" for key in _converters(name)}
    path = reverse(f"web:{name}", kwargs={"slug": "ours", **ids})
    return bool(cast.page(cast.admin).post(path).status_code != 405)


def _converters(name: str) -> list[str]:
    return next(list(pattern.pattern.converters) for pattern in workspace_pages if pattern.name == name)


def test_no_page_changes_anything_that_is_not_listed_here(cast: Cast) -> None:
    names = [str(pattern.name) for pattern in workspace_pages]
    assert {name for name in names if takes_post(cast, name)} == {*CHANGES, "welcome", "ask"}


@pytest.mark.parametrize("name", CHANGES)
def test_auditor_changes_nothing(cast: Cast, name: str) -> None:
    answer = cast.page(cast.auditor).post(address(name))
    assert answer.status_code == 403
    assert "You are here as auditor" in answer.content.decode()


@pytest.mark.parametrize("step", ["people", "token", "inventory"])
def test_auditor_changes_nothing_in_the_first_run_either(cast: Cast, step: str) -> None:
    assert cast.page(cast.auditor).post(f"/w/ours/welcome/?step={step}").status_code == 403


@pytest.mark.parametrize("name", CHANGES)
def test_outsider_gets_404_before_anything_is_looked_at(cast: Cast, name: str) -> None:
    assert cast.page(cast.outsider).post(address(name)).status_code == 404


def test_outsider_gets_the_same_page_for_a_workspace_that_exists_and_one_that_does_not(cast: Cast) -> None:
    client = cast.page(cast.outsider)
    there, nowhere = client.get("/w/ours/findings/"), client.get("/w/nowhere/findings/")
    assert (there.status_code, nowhere.status_code) == (404, 404)
    assert there.content == nowhere.content


def test_pipeline_token_opens_no_page(cast: Cast) -> None:
    answer = bearer(cast.pipeline).get("/w/ours/findings/")
    assert answer.status_code == 302
    assert answer["Location"].startswith(reverse("account_login"))


def test_nobody_comes_back_to_the_page_that_was_asked_for(db: None) -> None:
    answer = Client().get("/w/ours/findings/?severity=high")
    assert answer["Location"] == f"{reverse('account_login')}?next=/w/ours/findings/%3Fseverity%3Dhigh"


def test_a_part_asked_for_by_a_script_sends_the_whole_page_to_the_sign_in(db: None) -> None:
    answer = Client(headers={"HX-Request": "true"}).get("/w/ours/welcome/progress/")
    assert (answer.status_code, answer["HX-Redirect"][: len("/accounts/login/")]) == (204, "/accounts/login/")


def test_a_member_who_was_removed_is_an_outsider_at_once(cast: Cast) -> None:
    client = cast.page(cast.auditor)
    assert client.get("/w/ours/findings/").status_code == 200
    cast.auditor.memberships.all().delete()
    assert client.get("/w/ours/findings/").status_code == 404


def test_pages_are_kept_by_no_cache(cast: Cast) -> None:
    assert "no-store" in cast.page(cast.officer).get("/w/ours/findings/")["Cache-Control"]


@pytest.mark.parametrize("name", CHANGES)
def test_a_form_from_elsewhere_is_refused(cast: Cast, name: str) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(cast.admin)
    answer = client.post(address(name))
    assert answer.status_code == 403
    assert "This form is no longer valid" in answer.content.decode()


def test_a_cursor_of_another_list_is_told_and_not_misread(cast: Cast) -> None:
    answer = cast.page(cast.officer).get("/w/ours/findings/?after=abc")
    assert answer.status_code == 400
    assert "no cursor of this list" in answer.content.decode()


def test_an_unknown_address_is_json_under_api_and_a_page_elsewhere(client: Client, db: None) -> None:
    assert client.get("/api/v1/nothing").json()["error"]["code"] == "not_found"
    page = client.get("/nothing")
    assert (page.status_code, "There is nothing here for you" in page.content.decode()) == (404, True)
