"""A full inventory that would withdraw much asks a person first; until she says so nothing is withdrawn."""

from typing import Any

import pytest

from accounts.approvals.models import GovernedAct
from accounts.journal.models import Statement
from accounts.workspaces.isolation import in_workspace
from accounts.workspaces.queue import Stage, push
from audit.pipeline import run_due
from lineage.inventory.models import Asset, FactSet, ImportResult, Retirement, Source
from lineage.inventory.retire import FEW
from tests.lineage.inventory.door import ndjson, row, send
from tests.support.cast import Cast

pytestmark = pytest.mark.django_db(transaction=True)

MANY = 60


def full(
    cast: Cast, names: range | list[int], day: int, *others: dict[str, Any], source: str = "cmdb", stated: bool = True
) -> None:
    """Send a full inventory of vendors as of a day of January, and work it off."""
    rows = [row("vendor", f"v{number:02}", {"country": "DE"}) for number in names]
    manifest = {"manifest": {"count": len(rows) + len(others), "generated_at": f"2026-01-{day:02}T00:00:00Z"}}
    body = ndjson(*([manifest] if stated else []), *rows, *others)
    assert send(cast.api["pipeline"], body, source=source, mode="full").status_code == 201
    run_due(cast.workspace.pk)


def live(cast: Cast) -> int:
    with in_workspace(cast.workspace.pk):
        return Asset.objects.filter(kind="vendor", state=Asset.State.REPORTED).count()


def asked(cast: Cast, state: str = "pending", who: str = "auditor") -> list[dict[str, Any]]:
    answer = cast.api[who].get(f"/api/v1/retirements?state={state}")
    assert answer.status_code == 200, answer.json()
    rows: list[dict[str, Any]] = answer.json()["results"]
    return rows


def confirm(cast: Cast, question: str) -> Any:
    """Let the engineer propose it and the officer approve it."""
    wanted = {"kind": "retirement.confirm", "payload": {"question": question}, "reason": "The site was closed."}
    act = cast.api["engineer"].post("/api/v1/approvals", wanted, format="json")
    assert act.status_code == 201, act.json()
    answer = cast.api["officer"].post(f"/api/v1/approvals/{act.json()['id']}/approve", {}, format="json")
    run_due(cast.workspace.pk)
    return answer


@pytest.fixture
def half(cast: Cast) -> Cast:
    """A source that had named 60 vendors, and now names 30 of them."""
    full(cast, range(MANY), 1)
    full(cast, range(30), 2)
    return cast


def test_much_that_is_missing_stays_and_a_person_is_asked(half: Cast) -> None:
    assert live(half) == MANY
    (question,) = asked(half)
    assert (question["source"], question["withdraws"], question["known"], question["percent"]) == ("cmdb", 30, 60, 50)
    assert [each["uid"] for each in question["sample"]] == [f"v{number}" for number in range(30, 40)]
    with in_workspace(half.workspace.pk):
        assert Statement.objects.filter(action="lineage:retirement:asked").count() == 1
        assert ImportResult.objects.latest("id").retired == 0


def test_its_rows_count_meanwhile(cast: Cast) -> None:
    full(cast, range(MANY), 1)
    full(cast, [], 2, row("vendor", "v00", {"country": "FR"}))
    with in_workspace(cast.workspace.pk):
        assert Asset.objects.get(uid="v00").document["country"] == "FR"
        assert Asset.objects.get(uid="v59").document["country"] == "DE"


def test_two_persons_confirm_it_and_then_it_is_withdrawn(half: Cast) -> None:
    assert confirm(half, asked(half)[0]["id"]).status_code == 200
    assert live(half) == 30
    assert asked(half) == []
    (question,) = asked(half, "confirmed")
    assert question["act"] is not None
    assert question["ended_by"] == f"member:{half.officer.pk}"
    with in_workspace(half.workspace.pk):
        assert Statement.objects.filter(action="lineage:retirement:ended").count() == 1


def test_nobody_confirms_alone_where_four_eyes_are_asked_for(half: Cast) -> None:
    wanted = {"kind": "retirement.confirm", "payload": {"question": asked(half)[0]["id"]}, "reason": "Closed."}
    act = half.api["officer"].post("/api/v1/approvals", wanted, format="json").json()
    answer = half.api["officer"].post(f"/api/v1/approvals/{act['id']}/approve", {}, format="json")
    assert answer.status_code == 403
    assert answer.json()["error"]["code"] == "second_person_needed"
    assert live(half) == MANY


def without_events(facts: dict[str, dict[str, Any]]) -> Any:
    return {name: {key: value for key, value in entry.items() if key != "e"} for name, entry in facts.items()}


def test_what_is_confirmed_leaves_what_the_same_inventory_would_have_left_at_once(cast: Cast) -> None:
    """Withdrawn later, with a refused row, a delta since and another source: as if nobody had been asked."""
    left: list[Any] = []
    for percent in (20, 100):
        source = f"s{percent}"
        for name in (source, "other"):
            full(cast, range(MANY), 1, source=name)
        with in_workspace(cast.workspace.pk):
            Source.objects.filter(name=source).update(retire_percent=percent)
        refused = row("vendor", "v50", {"country": 7})
        body = ndjson(
            {"manifest": {"generated_at": "2026-01-02T00:00:00Z"}},
            refused,
            *(row("vendor", f"v{number:02}", {"country": "DE"}) for number in range(20)),
        )
        assert send(cast.api["pipeline"], body, source=source, mode="full").status_code == 201
        run_due(cast.workspace.pk)
        since = row("vendor", "v55", {"owner": "o"}, observed_at="2026-01-03T00:00:00Z")
        send(cast.api["pipeline"], ndjson(since), source=source)
        run_due(cast.workspace.pk)
        for question in asked(cast):
            assert percent == 20
            confirm(cast, question["id"])
        with in_workspace(cast.workspace.pk):
            said = FactSet.objects.filter(source__name=source, rev_to__isnull=True).order_by("asset__uid")
            left.append([(each.asset.uid, without_events(each.facts)) for each in said.select_related("asset")])
            left.append(Source.objects.get(name=source).full_at)
    assert left[:2] == left[2:]
    assert {uid for uid, _ in left[0]} == {*(f"v{number:02}" for number in range(20)), "v50", "v55"}


def test_a_confirmed_one_is_withdrawn_once(half: Cast) -> None:
    confirm(half, asked(half)[0]["id"])
    full(half, range(MANY), 3)
    assert live(half) == MANY
    with in_workspace(half.workspace.pk):
        event = Retirement.objects.get().event
        push(Stage.PROJECT, [event])
    run_due(half.workspace.pk)
    assert live(half) == MANY


def test_dismissed_it_stays_as_it_is_and_the_statement_says_who(half: Cast) -> None:
    question = asked(half)[0]["id"]
    assert half.api["officer"].post(f"/api/v1/retirements/{question}/dismiss").json()["state"] == "dismissed"
    assert live(half) == MANY
    with in_workspace(half.workspace.pk):
        said = Statement.objects.get(action="lineage:retirement:ended")
    assert said.actor == f"member:{half.officer.pk}"
    again = half.api["officer"].post(f"/api/v1/retirements/{question}/dismiss")
    assert again.status_code == 400
    assert again.json()["error"]["code"] == "act_decided"
    assert confirm_refused(half, question) == "act_refused"


def confirm_refused(cast: Cast, question: str) -> str:
    wanted = {"kind": "retirement.confirm", "payload": {"question": question}, "reason": "Closed."}
    answer = cast.api["engineer"].post("/api/v1/approvals", wanted, format="json")
    assert answer.status_code == 400
    return str(answer.json()["error"]["code"])


def test_the_next_full_inventory_within_the_share_settles_it(half: Cast) -> None:
    full(half, range(MANY - 2), 3)
    assert asked(half) == []
    (question,) = asked(half, "settled")
    assert question["ended_by"].startswith("event:")
    assert live(half) == MANY - 2
    assert confirm_refused(half, question["id"]) == "act_refused"


def test_an_act_proposed_before_it_was_settled_cannot_be_approved_after(half: Cast) -> None:
    wanted = {"kind": "retirement.confirm", "payload": {"question": asked(half)[0]["id"]}, "reason": "Closed."}
    act = half.api["engineer"].post("/api/v1/approvals", wanted, format="json").json()
    full(half, range(MANY), 3)
    answer = half.api["officer"].post(f"/api/v1/approvals/{act['id']}/approve", {}, format="json")
    assert answer.status_code == 400
    with in_workspace(half.workspace.pk):
        assert GovernedAct.objects.get(pk=act["id"]).state == "proposed"
    assert live(half) == MANY


def test_another_one_over_the_share_asks_in_its_place(half: Cast) -> None:
    full(half, range(20), 3)
    (question,) = asked(half)
    assert question["withdraws"] == 40
    assert [each["withdraws"] for each in asked(half, "settled")] == [30]
    assert live(half) == MANY


def test_an_older_one_that_comes_late_asks_nothing_more(half: Cast) -> None:
    full(half, range(10), 1, source="cmdb", stated=True)
    assert [each["withdraws"] for each in asked(half)] == [30]
    assert live(half) == MANY


@pytest.mark.parametrize(("before", "after"), [(FEW + 2, 2), (MANY, MANY * 8 // 10), (3, 1)])
def test_few_or_a_small_share_is_withdrawn_without_a_question(cast: Cast, before: int, after: int) -> None:
    full(cast, range(before), 1)
    full(cast, range(after), 2)
    assert live(cast) == after
    assert asked(cast) == []


def test_new_assets_do_not_make_the_share_of_what_is_gone_smaller(cast: Cast) -> None:
    full(cast, range(20), 1)
    full(cast, range(20, 99), 2)
    (question,) = asked(cast)
    assert (question["withdraws"], question["known"]) == (20, 20)


def test_a_full_inventory_without_an_instant_asks_too(cast: Cast) -> None:
    full(cast, range(MANY), 1, stated=False)
    full(cast, range(5), 1, stated=False)
    (question,) = asked(cast)
    assert confirm(cast, question["id"]).status_code == 200
    assert live(cast) == 5


def test_the_share_of_a_source_is_set_by_a_governed_act(cast: Cast) -> None:
    full(cast, range(MANY), 1)
    (source,) = cast.api["officer"].get("/api/v1/inventory-sources?door=inventory").json()["results"]
    assert source["retire_percent"] == 20
    wanted = {"kind": "retirement.share", "payload": {"source": source["id"], "percent": 50}, "reason": "It moves."}
    act = cast.api["engineer"].post("/api/v1/approvals", wanted, format="json").json()
    assert "up to 50 per cent" in act["effect"]
    assert cast.api["officer"].post(f"/api/v1/approvals/{act['id']}/approve", {}, format="json").status_code == 200
    full(cast, range(30), 2)
    assert live(cast) == 30


@pytest.mark.parametrize("who", ["auditor", "engineer", "pipeline"])
def test_who_cannot_approve_cannot_dismiss(half: Cast, who: str) -> None:
    question = asked(half)[0]["id"]
    assert half.api[who].post(f"/api/v1/retirements/{question}/dismiss").status_code == 403
    assert len(asked(half)) == 1


def test_outsider_cannot_see_that_a_question_exists(half: Cast) -> None:
    question = asked(half)[0]["id"]
    assert asked(half, who="outsider") == []
    assert half.api["outsider"].post(f"/api/v1/retirements/{question}/dismiss").status_code in (403, 404)


def test_pipeline_posts_inventories_and_reads_no_questions(half: Cast) -> None:
    assert half.api["pipeline"].get("/api/v1/retirements").status_code == 403
