"""A label is shown by the path on which it came: shortest, proven where there is such a path, with its runs."""

import hashlib
import json
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.workspaces.isolation import in_workspace
from lineage.events.models import Event
from lineage.graph.labels.witness import Label, find_witness, proofs_of
from lineage.inventory.kinds.values import format_timestamp
from tests.support.cast import Cast
from tests.support.estate import send_inventory
from tests.support.flow import asset, send_and_project
from tests.support.openlineage import dataset, facet, new_run, run_event

pytestmark = pytest.mark.django_db
PATH = "/api/v1/graph/witness"


def copy(source: str, target: str, other: str = "", **rest: Any) -> dict[str, Any]:
    named = {"namespace": "postgres://db:5432", "name": source, "field": "x"}
    columns = facet(fields={"y": {"inputFields": [named]}})
    inputs = [dataset(source), *([dataset(other)] if other else [])]
    outputs = [dataset(target, columnLineage=columns)]
    now = format_timestamp(timezone.now())  # events are looked for near their time
    return run_event("COMPLETE", now, run=new_run(), job=f"{source}-{target}", inputs=inputs, outputs=outputs, **rest)


@pytest.fixture
def estate(cast: Cast) -> Cast:
    """A label on `a`, which may reach `d` in one step, and surely does in three; `d` feeds a model of a system."""
    personal = {"kind": "dataset", "uid": "postgres%3A%2F%2Fdb%3A5432/a", "attributes": {"classification": "personal"}}
    model = {"kind": "model", "uid": "m", "name": "m",
             "relations": {"training_data": [{"kind": "dataset", "uid": "postgres%3A%2F%2Fdb%3A5432/d"}]}}  # fmt: skip
    system = {"kind": "ai_system", "uid": "s", "name": "s", "attributes": {"risk_tier": "high"},
              "relations": {"uses_model": [{"kind": "model", "uid": "m"}]}}  # fmt: skip
    send_inventory(cast.api["pipeline"], personal, model, system)
    events = [copy("a", "b"), copy("b", "c"), copy("c", "d", other="a")]
    send_and_project(cast.workspace.pk, events)
    return cast


def ask(cast: Cast, kind: str, name: str, role: str = "auditor", **asked: str) -> Any:
    identifier = asset(cast.workspace.pk, kind, name).pk
    return cast.api[role].get(PATH, {"asset": str(identifier), **asked})


def path(answer: Any) -> list[str]:
    hops = answer.json()["hops"]
    return [hop["source"]["name"] for hop in hops] + [hop["target"]["name"] for hop in hops[-1:]]


def test_a_proven_path_is_preferred_to_a_shorter_one_that_only_may_be(estate: Cast) -> None:
    answer = ask(estate, "dataset", "d", label="class:personal")
    assert path(answer) == ["a", "b", "c", "d"]
    assert answer.json()["proven"] is True
    assert [hop["basis"] for hop in answer.json()["hops"]] == ["column"] * 3


def test_a_path_that_only_may_be_is_shown_where_there_is_no_other(estate: Cast) -> None:
    send_and_project(estate.workspace.pk, [copy("z", "e", other="b")])
    assert path(ask(estate, "dataset", "e", label="personal")) == ["a", "b", "e"]
    assert ask(estate, "dataset", "e", label="personal").json()["proven"] is False
    assert ask(estate, "dataset", "e", label="personal", basis="proven").json()["hops"] == []


def test_each_hop_names_the_run_and_the_event_that_show_it(estate: Cast) -> None:
    (hop, *_) = ask(estate, "dataset", "b", label="class:personal").json()["hops"]
    with in_workspace(estate.workspace.pk):
        event = Event.objects.get(pk=hop["event"])
    body = json.loads(bytes(event.body))
    assert (body["run"]["runId"], hop["job"]["name"]) == (hop["run"], "a-b")
    assert hop["kept_digest"] == hashlib.sha256(bytes(event.body)).hexdigest()


def test_an_asset_that_carries_the_label_itself_says_so_where_there_is_no_path(estate: Cast) -> None:
    answer = ask(estate, "dataset", "a", label="class:personal").json()
    assert (answer["hops"], answer["itself"]) == ([], True)
    assert answer["says"].endswith("is known to carry class:personal. It carries class:personal itself.")


def test_the_proofs_of_a_path_are_one_query_however_long_it_is(
    estate: Cast, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    label = Label("personal", "")
    with in_workspace(estate.workspace.pk):
        for name, hops in (("b", 1), ("d", 3)):
            found = find_witness(asset(estate.workspace.pk, "dataset", name).pk, label, "upstream", "possible", 10**6)
            with django_assert_num_queries(1):
                proofs = proofs_of(found.hops)
            assert [hop in proofs for hop in found.hops] == [True] * hops
        relations = find_witness(
            asset(estate.workspace.pk, "dataset", "d").pk, Label("tier", "high"), "downstream", "possible", 10**6
        )
        with django_assert_num_queries(0):
            assert proofs_of(relations.hops) == {}


def test_what_an_asset_reaches_is_shown_down_to_the_system(estate: Cast) -> None:
    answer = ask(estate, "dataset", "c", label="tier:high", direction="downstream")
    assert path(answer) == ["c", "d", "m", "s"]
    assert [hop["relation"] for hop in answer.json()["hops"]] == ["", "training_data", "uses_model"]
    assert answer.json()["hops"][-1]["run"] == ""


def test_a_label_that_nothing_carries_has_no_path_and_an_earlier_revision_knows_none(estate: Cast) -> None:
    answer = ask(estate, "dataset", "d", label="country:US").json()
    assert (answer["hops"], answer["itself"]) == ([], False)
    said = (
        f"Nothing that feeds it, over all steps known at revision {answer['revision']}, is known to carry country:US."
    )
    assert answer["says"] == said
    down = ask(estate, "dataset", "a", label="tier:low", direction="downstream").json()
    assert down["says"].startswith("Nothing that it feeds, over all steps")
    assert ask(estate, "dataset", "d", label="personal").json()["says"] == ""
    assert ask(estate, "dataset", "d", label="personal", as_of="rev:0").json()["hops"] == []


@pytest.mark.parametrize("label", ["zzz", "class:", "limit:x", "country"])
def test_a_text_that_names_no_label_is_refused_with_those_that_exist(estate: Cast, label: str) -> None:
    answer = ask(estate, "dataset", "d", label=label)
    assert answer.status_code == 400
    assert "class:personal" in answer.json()["error"]["message"]


@pytest.mark.parametrize("role", ["officer", "auditor", "engineer"])
def test_members_see_the_path(estate: Cast, role: str) -> None:
    assert len(ask(estate, "dataset", "b", role, label="personal").json()["hops"]) == 1


def test_outsider_cannot_see_that_the_asset_exists_and_a_pipeline_reads_nothing(estate: Cast) -> None:
    assert ask(estate, "dataset", "b", "outsider", label="personal").status_code == 404
    assert ask(estate, "dataset", "b", "pipeline", label="personal").status_code == 403
