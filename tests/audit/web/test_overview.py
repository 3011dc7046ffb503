"""The overview: what changed and matters, what is alike in one line, and one entity apart from the others."""

import html
import re
import uuid

import pytest

from accounts.workspaces.isolation import in_workspace
from audit.pipeline import run_due
from lineage.inventory.models import Asset
from policies.evaluation.models import Transition
from policies.rules.verdicts import Code
from tests.support.cast import Cast
from tests.support.estate import CUSTOMERS, LAKE, judged_estate, send_inventory

NORTH = {"kind": "organisation", "uid": "north", "name": "North"}
SOUTH = {"kind": "organisation", "uid": "south", "name": "South"}


def changes_on(page: str) -> list[str]:
    """Return the lines under What changed, as text."""
    part = page.partition('id="changes-title"')[2].partition("</section>")[0]
    return [
        " ".join(html.unescape(re.sub(r"<[^>]+>", " ", line)).split())
        for line in re.findall(r"<li>.*?</li>", part, re.S)
    ]


@pytest.fixture
def two(cast: Cast) -> dict[str, uuid.UUID]:
    """Two entities; the data of North breaks its limit in two places, that of South has none."""
    north = {**CUSTOMERS, "relations": {"organisation": [{"kind": "organisation", "uid": "north"}]}}
    orders = {**north, "uid": "s3%3A%2F%2Flake/orders", "name": "orders"}
    free = {
        "kind": "dataset",
        "uid": "s3%3A%2F%2Flake/free",
        "name": "free",
        "attributes": {"environment": "prod", "residency_limited": False},
        "relations": {"organisation": [{"kind": "organisation", "uid": "south"}]},
    }
    send_inventory(cast.api["pipeline"], NORTH, SOUTH, LAKE, north, orders, free)
    run_due(cast.workspace.pk)
    with in_workspace(cast.workspace.pk):
        return dict(Asset.objects.filter(kind="organisation").values_list("name", "pk"))


def posture(cast: Cast, entity: object = "") -> dict[str, int]:
    path = f"/api/v1/posture?entity={entity}" if entity else "/api/v1/posture"
    families = cast.api["officer"].get(path).json()["families"]
    return {row["family"]: row["total"]["verdicts"]["fail"] for row in families}


def test_a_first_failure_is_told(cast: Cast) -> None:
    judged_estate(cast)
    lines = changes_on(cast.page(cast.officer).get("/w/ours/").content.decode())
    assert any(line.startswith("SOV-04 on customers") and line.endswith("Fail") for line in lines), lines


def test_that_a_check_does_not_concern_an_asset_is_no_change_that_matters(cast: Cast) -> None:
    free = {**CUSTOMERS, "attributes": {"environment": "prod", "residency_limited": False}}
    send_inventory(cast.api["pipeline"], LAKE, free)
    run_due(cast.workspace.pk)
    with in_workspace(cast.workspace.pk):
        assert Transition.objects.filter(new=Code.NOT_APPLICABLE).exists()
    lines = changes_on(cast.page(cast.officer).get("/w/ours/").content.decode())
    assert lines
    assert [line for line in lines if line.endswith("Not applicable")] == []


def test_failures_come_first_then_what_passes_again(cast: Cast, two: dict[str, uuid.UUID]) -> None:
    send_inventory(cast.api["pipeline"], {**LAKE, "attributes": {**LAKE["attributes"], "country": "DE"}})  # type: ignore[dict-item]
    run_due(cast.workspace.pk)
    lines = changes_on(cast.page(cast.officer).get("/w/ours/").content.decode())
    regained = [place for place, line in enumerate(lines) if line.startswith("SOV-04") and line.endswith("Pass")]
    failed = [place for place, line in enumerate(lines) if line.endswith("Fail")]
    assert regained
    assert failed
    assert max(failed) < min(regained)
    assert not [line for line in lines if line.startswith("SOV-04") and line.endswith("Fail")], "that is mended"


def test_what_is_alike_stands_in_one_line(cast: Cast, two: dict[str, uuid.UUID]) -> None:
    lines = changes_on(cast.page(cast.officer).get("/w/ours/").content.decode())
    assert [line for line in lines if line.startswith("SOV-04") and line.endswith("Fail")] == [
        next(line for line in lines if line.startswith("SOV-04 on 2 of the kind dataset"))
    ]


def test_one_entity_has_its_own_figures(cast: Cast, two: dict[str, uuid.UUID]) -> None:
    client = cast.page(cast.officer)
    north, south = (client.get(f"/w/ours/?entity={two[name]}").content.decode() for name in ("North", "South"))
    assert "<bdi>North</bdi> stands" in north
    assert "SOV-04 on 2 of the kind dataset" in " ".join(changes_on(north))
    assert changes_on(south)
    assert "SOV-04" not in " ".join(changes_on(south))
    assert re.search(r"[1-9]\d* assets? of North judged", north)
    assert f'<option value="{two["North"]}" selected>North</option>' in north


def test_an_entity_that_is_not_ours_is_not_found(cast: Cast, two: dict[str, uuid.UUID]) -> None:
    client = cast.page(cast.officer)
    assert client.get(f"/w/ours/?entity={uuid.uuid4()}").status_code == 404
    assert client.get("/w/ours/?entity=north").status_code == 404
    assert cast.page(cast.outsider).get(f"/w/elsewhere/?entity={two['North']}").status_code == 404


def test_the_api_gives_the_posture_of_one_entity(cast: Cast, two: dict[str, uuid.UUID]) -> None:
    assert posture(cast)["SOV"] == posture(cast, two["North"])["SOV"] > 0
    assert posture(cast, two["South"])["SOV"] == 0
    assert cast.api["officer"].get(f"/api/v1/posture?entity={uuid.uuid4()}").status_code == 404
    assert cast.api["officer"].get("/api/v1/posture?entity=north").status_code == 400
    assert cast.api["outsider"].get(f"/api/v1/posture?entity={two['North']}").status_code == 404
