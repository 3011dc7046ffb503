"""The page Kinds: what was declared, what one kind has, and proposing more."""

from typing import Any

import pytest

from accounts.approvals.models import GovernedAct
from accounts.workspaces.isolation import in_workspace
from tests.support.cast import Cast
from tests.support.declared import PUMP, SEATS, TIER, declare

PAGE = "/w/ours/kinds/"
REASON = {"reason": "We judge by it."}


def page(cast: Cast, role: str, query: str = "") -> str:
    answer = cast.page(getattr(cast, role)).get(f"{PAGE}{query}")
    assert answer.status_code == 200
    return str(answer.content.decode())


def send(cast: Cast, role: str, what: str, **fields: str) -> Any:
    return cast.page(getattr(cast, role)).post(f"{PAGE}propose/{what}/", fields | REASON)


@pytest.mark.parametrize(
    ("what", "fields", "effect"),
    [
        (
            "attribute",
            {"kind": "storage", "name": "seats", "type": "int", "unit": "count", "meaning": "People"},
            "storage gets the attribute seats (int, count): People.",
        ),
        ("kind", {"kind": "pump", "meaning": "A pump"}, "Declare the kind pump: A pump."),
        (
            "relation",
            {"kind": "storage", "name": "watched_by", "target": "team", "inverse": "watches"},
            "storage gets the relation watched_by to team, seen from there as watches.",
        ),
    ],
)
def test_officer_proposes_and_the_page_shows_what_waits(
    cast: Cast, what: str, fields: dict[str, str], effect: str
) -> None:
    assert send(cast, "officer", what, **fields).status_code == 302
    assert effect in page(cast, "auditor")
    with in_workspace(cast.workspace.pk):
        act = GovernedAct.objects.get()
    assert cast.page(cast.admin).post(f"/w/ours/approvals/{act.pk}/approve/").status_code == 302
    assert effect not in page(cast, "auditor")


def test_what_was_declared_is_listed_and_can_be_retired(cast: Cast) -> None:
    declare(cast, {"kind": "storage", "attributes": [TIER | {"meaning": "<b>gold</b> or not"}, SEATS]})
    declare(cast, PUMP)
    seen = page(cast, "auditor", "?kind=storage")
    assert "&lt;b&gt;gold&lt;/b&gt; or not" in seen
    assert "cooled_by" in seen
    assert '<form class="sheet-body form"' not in seen
    assert "storage.seats" in page(cast, "officer")
    assert send(cast, "officer", "retire", attribute="storage.seats").status_code == 302
    assert "Sources may no longer send seats of storage" in page(cast, "auditor")


def test_a_form_says_what_is_wrong_and_nothing_is_proposed(cast: Cast) -> None:
    given = {"kind": "storage", "name": "country", "type": "string", "unit": "", "meaning": "x"}
    answer = send(cast, "officer", "attribute", **given)
    assert answer.status_code == 400
    assert "has this attribute already" in answer.content.decode()
    assert send(cast, "officer", "relation", kind="storage", name="x", target="moon").status_code == 400
    with in_workspace(cast.workspace.pk):
        assert not GovernedAct.objects.exists()


def test_a_kind_that_there_is_not_is_told(cast: Cast) -> None:
    assert "expected a kind that this workspace has" in page(cast, "auditor", "?kind=ship")


def test_others_propose_nothing_and_outsider_sees_nothing(cast: Cast) -> None:
    for role in ("auditor", "engineer"):
        assert send(cast, role, "kind", kind="pump", meaning="A pump").status_code == 403
    assert cast.page(cast.outsider).get(PAGE).status_code == 404
    declare(cast, PUMP)
    elsewhere = cast.page(cast.outsider).get("/w/elsewhere/kinds/").content.decode()
    assert "A pump that cools" not in elsewhere
    assert 'value="pump"' not in elsewhere
    assert '<option value="pump"' not in cast.page(cast.outsider).get("/w/elsewhere/assets/").content.decode()
    assert '<option value="pump"' in cast.page(cast.auditor).get("/w/ours/assets/").content.decode()


def test_the_list_of_assets_says_what_is_wrong_with_an_attribute(cast: Cast) -> None:
    for query, said in [
        ("where=owner%3Drisk", "Expected a kind beside it"),
        ("kind=storage&where=colour%3Dred", "expected an attribute of storage"),
        ("kind=storage&where=owner", "expected name=value"),
    ]:
        assert said in cast.page(cast.auditor).get(f"/w/ours/assets/?{query}").content.decode()
