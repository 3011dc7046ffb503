"""Another release judges otherwise: a verdict that nothing gives any more ends as a change, and is counted nowhere."""

import json
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from accounts.workspaces.isolation import in_workspace
from audit.findings.models import Finding
from audit.tickets.models import Ticket
from policies.checklists.queries import ready_checklists
from policies.evaluation.codes import NUMBER, base
from policies.evaluation.full import evaluate_full
from policies.evaluation.models import JudgedLeaf, Transition, VerdictCount, VerdictVector
from policies.rules.verdicts import Code
from tests.policies.evaluation.checker import check_whole_state, judged_by_what_is_in_force, verdicts
from tests.policies.evaluation.histories import Estate, evaluated
from tests.policies.evaluation.releases import DEMOS, Ship, releases, shipped, without
from tests.support.cast import Cast
from tests.support.estate import CUSTOMERS, LAKE, judged_estate, send_inventory
from tests.support.flow import drain

pytestmark = pytest.mark.django_db
DATASET = f"dataset:{CUSTOMERS['uid']}"
SOV = shipped("SOV")


@pytest.fixture
def ship(tmp_path: Path) -> Iterator[Ship]:
    with releases(tmp_path) as make:
        yield make


def ship_demo(ship: Ship, name: str) -> None:
    """Ship this demonstration, or none, beside a checklist that stays."""
    body = DEMOS[name]
    ship(*[body] if body else [], shipped("SEC"))


def fully(workspace_id: uuid.UUID) -> None:
    """Evaluate everything and whatever follows from it, as an upgrade does."""
    evaluate_full(workspace_id)
    drain(workspace_id)
    check_whole_state(workspace_id)
    with in_workspace(workspace_id):
        judged_by_what_is_in_force()


def ends(workspace_id: uuid.UUID, check: str) -> tuple[list[tuple[str, str]], list[str]]:
    """Return the findings of a check, with the reason of their last change, and the states of their tickets."""
    with in_workspace(workspace_id):
        findings = list(Finding.objects.filter(check_id=check).values_list("state", "reason"))
        return findings, list(Ticket.objects.filter(finding__check_id=check).values_list("state", flat=True))


def test_a_withdrawn_check_takes_its_verdicts_findings_and_tickets_back(cast: Cast, ship: Ship) -> None:
    ours = cast.workspace.pk
    judged_estate(cast)
    assert base(verdicts(ours)[DATASET, "SOV-04"][0]) == Code.FAIL
    assert ends(ours, "SOV-04")[0][0][0] == "open"
    others = {key: said for key, said in verdicts(ours).items() if key[1] != "SOV-04" and key[1].startswith("SOV")}
    assert others

    ship(without(SOV, "SOV-04"), shipped("SEC"), shipped("SKL"))
    fully(ours)
    assert (DATASET, "SOV-04") not in verdicts(ours)
    assert {key: said for key, said in verdicts(ours).items() if key[1].startswith("SOV")} == others
    (finding,), tickets = ends(ours, "SOV-04")
    assert finding == ("resolved", "is no longer judged")
    assert tickets
    assert "open" not in tickets
    with in_workspace(ours):
        assert not VerdictCount.objects.filter(check_id="SOV-04", count__gt=0).exists()
        last = Transition.objects.filter(check_id="SOV-04").order_by("-id")[0]
        assert (base(last.old), last.new, last.slot, last.grade, last.check_hash) == (Code.FAIL, 0, 3, "", "")
        leaf = JudgedLeaf.objects.get(statement=last.statement, leaf_index=last.leaf_index)
        assert {"check": "SOV-04", "from": "fail", "to": "not_judged"} in json.loads(bytes(leaf.leaf))["changes"]

    ship(SOV | {"version": SOV["version"] + 2}, shipped("SEC"), shipped("SKL"))  # it returns to its slot
    fully(ours)
    assert base(verdicts(ours)[DATASET, "SOV-04"][0]) == Code.FAIL
    assert ends(ours, "SOV-04")[0][0][0] == "open"


def test_a_check_that_begins_to_wait_for_facts_is_not_judged_any_more(cast: Cast, ship: Ship) -> None:
    ours = cast.workspace.pk
    ship(DEMOS["all"])
    send_inventory(cast.api["pipeline"], {**CUSTOMERS, "attributes": {"encrypted_at_rest": False}})
    drain(ours)
    assert base(verdicts(ours)[DATASET, "DEM-02"][0]) == Code.FAIL
    ship(DEMOS["one waits"])
    fully(ours)
    assert ready_checklists()["DEM"].waiting["DEM-02"] == ["dataset.consumers"]
    assert verdicts(ours) == {}
    assert ends(ours, "DEM-02")[0] == [("resolved", "is no longer judged")]
    with in_workspace(ours):
        assert not VerdictVector.objects.exists()  # it held nothing else


def test_a_family_that_leaves_takes_all_its_verdicts_along_and_no_others(cast: Cast, ship: Ship) -> None:
    ours, estate = cast.workspace.pk, Estate(31)
    ship(DEMOS["all"], shipped("SEC"))
    send_inventory(cast.api["pipeline"], *estate.whole())
    drain(ours)
    before = verdicts(ours)
    assert {check for _, check in before} >= {"DEM-01", "DEM-02", "DEM-03", "DEM-04", "SEC-01"}
    ship(shipped("SEC"))
    fully(ours)
    assert verdicts(ours) == {key: said for key, said in before.items() if key[1].startswith("SEC")}
    with in_workspace(ours):
        newest = Transition.objects.order_by("-rev")[0]
        assert not Finding.objects.filter(check_id__startswith="DEM", state="open").exists()
        assert newest.checklist == "DEM"


def test_an_asset_retires_after_its_family_left(cast: Cast, ship: Ship) -> None:
    ours, client = cast.workspace.pk, cast.api["pipeline"]
    ship(DEMOS["all"], shipped("SEC"))
    send_inventory(client, LAKE, CUSTOMERS, mode="full")
    drain(ours)
    assert (DATASET, "DEM-02") in verdicts(ours)
    ship(shipped("SEC"))
    send_inventory(client, LAKE, mode="full")
    evaluated(ours)
    assert not [key for key in verdicts(ours) if key[0] == DATASET]
    check_whole_state(ours)


def test_a_withdrawn_number_of_subjects_is_taken_back_from_the_organisation(cast: Cast, ship: Ship) -> None:
    ours, estate = cast.workspace.pk, Estate(32)
    ship(DEMOS["all"])
    send_inventory(cast.api["pipeline"], estate.organisation("bank"))
    drain(ours)
    assert verdicts(ours)["organisation:bank", "DEM-03"] == (Code.FAIL | NUMBER, "")
    ship(DEMOS["the number withdrawn"])
    fully(ours)
    assert [key[1] for key in verdicts(ours)] == ["DEM-04"]
    ship(DEMOS["all"])
    fully(ours)
    assert verdicts(ours)["organisation:bank", "DEM-03"] == (Code.FAIL | NUMBER, "")


def test_an_organisation_that_a_check_judged_is_no_subject_of_it_once_it_counts_others(cast: Cast, ship: Ship) -> None:
    ours, bank = cast.workspace.pk, Estate(32).organisation("bank")
    two = [bank | {"uid": uid, "attributes": {"current_phase": 3}} for uid in ("bank", "branch")]
    send_inventory(cast.api["pipeline"], *two)
    none_of_two = {"bank": Code.FAIL | NUMBER}
    history: list[tuple[str, dict[str, int]]] = [
        ("all", none_of_two),
        ("organisations instead of a number", {"bank": Code.PASS, "branch": Code.PASS}),
        ("all", none_of_two),
    ]
    for name, said in history:
        ship(DEMOS[name])
        fully(ours)
        found = {asset: byte for (asset, check), (byte, _) in verdicts(ours).items() if check == "DEM-03"}
        assert found == {f"organisation:{uid}": byte for uid, byte in said.items()}


@pytest.mark.parametrize("other", [name for name in DEMOS if name != "all"])
def test_whatever_a_release_takes_away_it_may_give_back(cast: Cast, ship: Ship, other: str) -> None:
    ours = cast.workspace.pk
    seen: list[object] = []
    for name in ("all", other, "all"):
        ship_demo(ship, name)
        if not seen:
            send_inventory(cast.api["pipeline"], *Estate(33).whole())
        evaluated(ours)
        fully(ours)
        seen.append(verdicts(ours))
    assert seen[0] == seen[2] != seen[1]


@pytest.mark.slow
@pytest.mark.parametrize("seed", [41, 42, 43])
def test_everything_agrees_while_releases_come_and_go_in_a_random_history(cast: Cast, ship: Ship, seed: int) -> None:
    ours, estate = cast.workspace.pk, Estate(seed)
    ship_demo(ship, "all")
    send_inventory(cast.api["pipeline"], *estate.whole())
    evaluated(ours)
    coming = estate.random.sample(list(DEMOS), len(DEMOS))
    for what in estate.steps():
        if coming and estate.random.random() < 0.7:
            ship_demo(ship, coming.pop())
        estate.step(what, ours, cast.api["pipeline"])  # judges some by the new release; the rest stays by the old one
        check_whole_state(ours)
    fully(ours)
    with in_workspace(ours):
        ended = set(Transition.objects.filter(checklist="DEM", new=0).values_list("check_id", flat=True))
    assert len(ended) > 2
