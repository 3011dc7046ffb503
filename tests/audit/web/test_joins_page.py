"""The page Joins: what nothing serves with what may, proposals in place, and the joins in force."""

import pytest

from audit.pipeline import run_due
from tests.lineage.inventory.places.test_suggest import DATASET, FAR, NAMESPACE, STORE, accept, listed
from tests.support.cast import Cast
from tests.support.estate import send_inventory

pytestmark = pytest.mark.django_db(transaction=True)

JOINS = "/w/ours/sources/joins/"


@pytest.fixture
def apart(cast: Cast) -> Cast:
    """A dataset in a namespace that no storage serves."""
    send_inventory(cast.api["pipeline"], DATASET, STORE, FAR)
    run_due(cast.workspace.pk)
    return cast


def text(cast: Cast, who: str) -> str:
    user = getattr(cast, who)
    return " ".join(cast.page(user).get(JOINS).content.decode().split())


def test_it_lists_what_nothing_serves_with_what_is_like_it(apart: Cast) -> None:
    said = text(apart, "auditor")
    assert NAMESPACE in said
    assert "1 dataset, of which nobody can say where it lies" in said
    assert "db-prod.bank.example" in said
    assert "Propose to join" not in said, "an auditor reads"


def test_an_engineer_proposes_and_it_says_so(apart: Cast) -> None:
    assert "Propose to join" in text(apart, "engineer")
    storage = listed(apart)[0]["candidates"][0]["storage"]
    sent = {"namespace": NAMESPACE, "storage": storage, "reason": "It is that database."}
    assert apart.page(apart.engineer).post(f"{JOINS}accept/", sent).status_code == 302
    said = text(apart, "engineer")
    assert "A join is proposed" in said
    assert "Propose to join" not in said


@pytest.mark.parametrize(
    ("sent", "why"),
    [({"namespace": NAMESPACE, "storage": "x", "reason": ""}, "Got no reason"),
     ({"namespace": NAMESPACE, "storage": "x", "reason": "So."}, "storage"),
     ({"reason": "So."}, "namespace")],
)  # fmt: skip
def test_what_cannot_be_proposed_is_told(apart: Cast, sent: dict[str, str], why: str) -> None:
    answer = apart.page(apart.engineer).post(f"{JOINS}accept/", sent)
    assert answer.status_code == 400
    assert why in answer.content.decode().partition('role="alert"')[2].partition("</div>")[0]


def test_an_accepted_one_is_listed_and_can_be_withdrawn(apart: Cast) -> None:
    accept(apart)
    said = text(apart, "engineer")
    assert "Every namespace is served" in said
    assert "is served by" in said
    join = listed(apart, "joins")[0]["id"]
    sent = {"join": join, "reason": "It moved."}
    assert apart.page(apart.engineer).post(f"{JOINS}withdraw/", sent).status_code == 302
    assert "That it ends is proposed" in text(apart, "engineer")


def test_an_auditor_proposes_nothing(apart: Cast) -> None:
    assert apart.page(apart.auditor).post(f"{JOINS}accept/", {"namespace": NAMESPACE}).status_code == 403


def test_outsider_cannot_see_the_page(apart: Cast) -> None:
    assert apart.page(apart.outsider).get(JOINS).status_code == 404
