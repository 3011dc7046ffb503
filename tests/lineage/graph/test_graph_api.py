"""What feeds a dataset and what it feeds: directed, paged, at any revision, with what the answer does not cover."""

import uuid
from typing import Any

import pytest

from accounts.workspaces.isolation import in_workspace
from lineage.inventory.models import Asset
from tests.support.cast import Cast
from tests.support.flow import asset, send_and_project
from tests.support.openlineage import dataset, facet, new_run, run_event

UP, DOWN = "/api/v1/graph/upstream", "/api/v1/graph/downstream"


def step(source: str, target: str, **rest: Any) -> dict[str, Any]:
    return run_event(
        job=f"{source}-{target}", run=new_run(), inputs=[dataset(source)], outputs=[dataset(target)], **rest
    )


@pytest.fixture
def chain(cast: Cast) -> Cast:
    """a -> b -> c -> a (a cycle), b -> d."""
    send_and_project(cast.workspace.pk, [step(*pair) for pair in ("ab", "bc", "ca", "bd")])
    return cast


def ask(cast: Cast, path: str, name: str, role: str = "auditor", **query: Any) -> Any:
    return cast.api[role].get(path, {"asset": str(asset(cast.workspace.pk, "dataset", name).pk), **query})


def names(response: Any) -> dict[str, int]:
    return {row["name"]: row["distance"] for row in response.json()["results"]}


def test_each_direction_is_followed_alone_and_cycles_end(chain: Cast) -> None:
    assert names(ask(chain, DOWN, "a")) == {"b": 1, "c": 2, "d": 2}
    assert names(ask(chain, UP, "d")) == {"b": 1, "a": 2, "c": 3}


def test_depth_cuts_and_says_so(chain: Cast) -> None:
    answer = ask(chain, DOWN, "a", depth=1)
    assert names(answer) == {"b": 1}
    assert answer.json()["complete"] is False
    assert "beyond 1 steps" in answer.json()["reasons"][0]


def test_pages_fit_together_while_others_write(chain: Cast) -> None:
    first = ask(chain, DOWN, "a", limit=2).json()
    send_and_project(chain.workspace.pk, [step("a", "aa")])
    second = ask(chain, DOWN, "a", limit=2, after=first["next"]).json()
    assert {row["name"] for row in first["results"] + second["results"]} == {"b", "c", "d"}
    assert (len(first["results"]), len(second["results"]), second["next"]) == (2, 1, None)
    assert first["total"] == second["total"] == 3


def test_as_of_answers_as_it_was_known(chain: Cast) -> None:
    then = ask(chain, DOWN, "d").json()["revision"]
    send_and_project(chain.workspace.pk, [step("d", "e")])
    assert names(ask(chain, DOWN, "d")) == {"e": 1}
    assert names(ask(chain, DOWN, "d", as_of=f"rev:{then}")) == {}
    assert names(ask(chain, DOWN, "d", as_of="2020-01-01T00:00:00Z")) == {}


def test_what_is_only_possible_says_so_and_can_be_left_out(cast: Cast) -> None:
    several = run_event(inputs=[dataset("a"), dataset("x")], outputs=[dataset("b"), dataset("y")])
    send_and_project(cast.workspace.pk, [several, step("b", "c")])
    rows = ask(cast, DOWN, "a").json()["results"]
    assert {row["name"]: row["basis"] for row in rows} == {"b": "possible", "y": "possible", "c": "possible"}
    assert names(ask(cast, DOWN, "a", basis="proven")) == {}
    assert names(ask(cast, DOWN, "b", basis="proven")) == {"c": 1}


def test_flows_of_one_basis_alone_are_followed(cast: Cast) -> None:
    field = {"namespace": "postgres://db:5432", "name": "a", "field": "x"}
    columns = facet(fields={"y": {"inputFields": [field]}})
    event = run_event(inputs=[dataset("a"), dataset("x")], outputs=[dataset("b", columnLineage=columns)])
    send_and_project(cast.workspace.pk, [event, step("b", "c")])
    assert names(ask(cast, UP, "c")) == {"b": 1, "a": 2, "x": 2}
    assert names(ask(cast, UP, "c", basis="proven")) == {"b": 1, "a": 2}
    assert names(ask(cast, UP, "b", basis="column")) == {"a": 1}
    assert names(ask(cast, UP, "c", basis="column")) == {}, "what only others lead to is not reached"
    assert names(ask(cast, UP, "c", basis="cartesian")) == {"b": 1, "x": 2}


def test_the_jobs_on_the_way_are_listed_where_asked_for(chain: Cast) -> None:
    assert names(ask(chain, DOWN, "a", kind="job")) == {"a-b": 1, "b-c": 2, "b-d": 2, "c-a": 3}
    rows = ask(chain, UP, "d", kind="job", depth=1).json()["results"]
    assert [(row["kind"], row["name"], row["basis"]) for row in rows] == [("job", "b-d", "proven")]
    assert names(ask(chain, DOWN, "a", kind="job", namespace="airflow")) == names(ask(chain, DOWN, "a", kind="job"))
    assert names(ask(chain, DOWN, "a", kind="job", namespace="dagster")) == {}


def test_what_is_not_listed_is_walked_through_all_the_same(cast: Cast) -> None:
    lake = dataset("lake", namespace="s3://lake/eu")
    into = run_event(job="in", run=new_run(), inputs=[dataset("a")], outputs=[lake])
    out = run_event(job="out", run=new_run(), inputs=[lake], outputs=[dataset("b")])
    send_and_project(cast.workspace.pk, [into, out])
    row = b'{"kind": "dataset", "uid": "postgres%3A%2F%2Fdb%3A5432/b", "attributes": {"classification": "personal"}}'
    cast.api["engineer"].post("/api/v1/inventories?source=s&format=native", row, content_type="application/x-ndjson")
    send_and_project(cast.workspace.pk, [])
    answer = ask(cast, DOWN, "a", namespace="postgres://")
    assert names(answer) == {"b": 2}
    assert (answer.json()["total"], answer.json()["reached"]) == (1, 2)
    assert names(ask(cast, DOWN, "a", namespace="s3://lake/")) == {"lake": 1}
    assert names(ask(cast, DOWN, "a", label="class:personal")) == {"b": 2}
    assert names(ask(cast, DOWN, "a", label="class:public")) == {}
    assert names(ask(cast, DOWN, "a", label="country:DE")) == {}


def test_a_root_that_is_no_origin_and_a_gap_make_the_answer_incomplete(chain: Cast) -> None:
    send_and_project(
        chain.workspace.pk, [step("r", "s", run_facets={"extractionError": facet(totalTasks=1, failedTasks=1)})]
    )
    reasons = ask(chain, UP, "s").json()["reasons"]
    assert any("extraction error" in reason for reason in reasons)
    assert any("is_origin" in reason for reason in reasons)
    assert ask(chain, UP, "a").json()["reasons"] == [], "a cycle without an open end"


def test_a_dataset_that_no_event_names_has_no_lineage(cast: Cast) -> None:
    row = b'{"kind": "dataset", "uid": "ns/lonely", "attributes": {}, "observed_at": "2026-11-01T00:00:00Z"}'
    cast.api["engineer"].post("/api/v1/inventories?source=s&format=native", row, content_type="application/x-ndjson")
    send_and_project(cast.workspace.pk, [])
    answer = ask(cast, DOWN, "lonely").json()
    assert (answer["complete"], answer["reasons"]) == (False, ["no lineage event names this dataset"])


@pytest.mark.parametrize(
    "query",
    [{"asset": "x"}, {"asset": ""}, {"depth": 0}, {"depth": "many"}, {"basis": "maybe"}, {"as_of": "rev:999"},
     {"as_of": "soon"}, {"after": "x"}, {"limit": 0}, {"kind": "run"}, {"label": "class:secret"}, {"seen_until": "x"}],
)  # fmt: skip
def test_a_parameter_that_cannot_be_read_is_refused(chain: Cast, query: dict[str, Any]) -> None:
    response = ask(chain, UP, "a", **query) if "asset" not in query else chain.api["auditor"].get(UP, query)
    assert response.status_code == 400
    message = response.json()["error"]["message"]
    assert any(words in message for words in ("expected", "is not known yet", "send the `next`"))


def test_the_graph_is_read_by_members_alone(chain: Cast) -> None:
    for role in ("officer", "auditor", "engineer", "admin"):
        assert ask(chain, UP, "a", role).status_code == 200
    assert ask(chain, UP, "a", "pipeline").status_code == 403
    assert ask(chain, UP, "a", "nobody").status_code == 401


def test_outsider_cannot_see_that_the_dataset_exists(chain: Cast) -> None:
    assert ask(chain, UP, "a", "outsider").status_code == 404
    with in_workspace(chain.workspace.pk):
        job = Asset.objects.filter(kind="job").first()
    assert job is not None
    assert chain.api["auditor"].get(UP, {"asset": str(job.pk)}).status_code == 404
    assert chain.api["auditor"].get(UP, {"asset": str(uuid.uuid4())}).status_code == 404


def test_the_answer_is_a_table_too(chain: Cast) -> None:
    response: Any = chain.api["auditor"].get(
        DOWN, {"asset": str(asset(chain.workspace.pk, "dataset", "a").pk)}, HTTP_ACCEPT="text/csv"
    )
    lines = b"".join(response.streaming_content).decode().splitlines()
    assert lines[0] == "id,kind,uid,name,distance,basis,country"
    assert len(lines) == 4


def test_the_number_of_queries_does_not_grow_with_the_datasets_of_a_step(
    cast: Cast, django_assert_max_num_queries: Any
) -> None:
    fan = [run_event(run=new_run(), inputs=[dataset("a")], outputs=[dataset(f"x{n}") for n in range(60)])]
    send_and_project(cast.workspace.pk, fan)
    client, start = cast.api["auditor"], asset(cast.workspace.pk, "dataset", "a").pk
    with django_assert_max_num_queries(20):
        assert client.get(DOWN, {"asset": str(start)}).json()["total"] == 60
