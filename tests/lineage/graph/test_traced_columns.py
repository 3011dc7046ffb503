"""Which part of the personal columns has lineage: named by tags of fields, traced by the columns of flows."""

import itertools
import uuid
from typing import Any

import pytest

from accounts.members.manage import create_workspace
from accounts.workspaces.ids import new_id
from tests.support.cast import Cast
from tests.support.estate import send_inventory
from tests.support.flow import asset, drain, send_and_project, whole_state
from tests.support.openlineage import dataset, dataset_event, facet, run_event

EARLY, LATE = "2026-11-01T08:00:00Z", "2026-11-02T08:00:00Z"


@pytest.fixture
def workspace(cast: Cast) -> uuid.UUID:
    return cast.workspace.pk


def personal(*fields: str) -> dict[str, Any]:
    return facet(tags=[{"key": "pii", "value": "true", "field": field} for field in fields])


def traced(*fields: str, source: str = "x", **rest: Any) -> dict[str, Any]:
    """Return columnLineage that says from which column each of these comes."""
    came = {"inputFields": [{"namespace": "postgres://db:5432", "name": "a", "field": source}]}
    return facet(fields=dict.fromkeys(fields, came), **rest)


def writes(at: str = EARLY, **facets: Any) -> dict[str, Any]:
    return run_event(at=at, inputs=[dataset("a")], outputs=[dataset("b", **facets)])


def share(workspace: uuid.UUID) -> float | None:
    found: float | None = asset(workspace, "dataset", "b").document.get("personal_columns_traced_share")
    return found


def test_the_share_is_that_of_the_personal_columns_with_lineage(workspace: uuid.UUID) -> None:
    tags, columns = personal("email", "name", "phone", "city"), traced("email", "amount", "city")
    send_and_project(workspace, [writes(tags=tags, columnLineage=columns)])
    assert share(workspace) == 0.5
    assert asset(workspace, "dataset", "b").provenance["personal_columns_traced_share"]["grade"] == "C"


def test_without_any_lineage_none_is_traced(workspace: uuid.UUID) -> None:
    send_and_project(workspace, [dataset_event(dataset("b", tags=personal("email")))])
    assert share(workspace) == 0.0


def test_what_feeds_the_whole_dataset_or_comes_from_one_traces_no_column(workspace: uuid.UUID) -> None:
    whole = [{"namespace": "postgres://db:5432", "name": "a", "field": "x"}]
    send_and_project(workspace, [writes(tags=personal("email"), columnLineage=traced("amount", dataset=whole))])
    assert share(workspace) == 0.0


def test_it_follows_what_is_said_later_of_either(workspace: uuid.UUID) -> None:
    send_and_project(workspace, [writes(tags=personal("email"))])
    assert share(workspace) == 0.0
    send_and_project(workspace, [writes(columnLineage=traced("email"))])
    assert share(workspace) == 1.0
    send_and_project(workspace, [dataset_event(dataset("b", tags=personal("name")), LATE)])
    assert share(workspace) == 0.0, "as many as before, and another one"
    send_and_project(workspace, [dataset_event(dataset("b", tags={"_deleted": True}), "2026-11-03T08:00:00Z")])
    assert share(workspace) == 1.0, "what another producer said before stands"
    send_and_project(workspace, [writes("2026-11-04T08:00:00Z", tags={"_deleted": True})])
    assert share(workspace) is None


def test_a_dataset_without_personal_columns_has_no_share(workspace: uuid.UUID) -> None:
    none = facet(tags=[{"key": "unit", "value": "EUR", "field": "amount"}])
    send_and_project(workspace, [writes(tags=none, columnLineage=traced("amount"))])
    assert asset(workspace, "dataset", "b").document["personal_columns"] == 0
    assert share(workspace) is None


def test_more_personal_columns_than_are_named_leave_the_share_unknown(cast: Cast) -> None:
    send_and_project(cast.workspace.pk, [writes(tags=personal("email"), columnLineage=traced("email"))])
    assert share(cast.workspace.pk) == 1.0
    line = {"kind": "dataset", "uid": "postgres%3A%2F%2Fdb%3A5432/b", "attributes": {"personal_columns": 2}}
    send_inventory(cast.api["pipeline"], line)
    drain(cast.workspace.pk)
    assert share(cast.workspace.pk) is None


@pytest.mark.django_db
def test_the_order_of_events_makes_no_difference() -> None:
    story = [
        writes(EARLY, tags=personal("email")),
        writes(LATE, columnLineage=traced("email"), tags=personal("name", "email")),
        writes("2026-11-03T08:00:00Z", columnLineage={"_deleted": True}),
        dataset_event(dataset("b", tags=personal("city")), "2026-11-02T09:30:00Z"),
    ]

    def state(events: tuple[dict[str, Any], ...]) -> dict[str, list[Any]]:
        made = create_workspace(f"w-{new_id()}", "", actor="command")
        for event in events:
            send_and_project(made.pk, [event])
        return whole_state(made.pk)

    expected = state(tuple(story))
    for order in itertools.islice(itertools.permutations(story), 1, 24, 3):
        got = state(order)
        for part, rows in expected.items():
            assert got[part] == rows, part
