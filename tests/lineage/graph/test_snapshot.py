"""Flows as arrays say what the rows say, at any revision."""

import uuid

import numpy as np
import pytest

from accounts.workspaces.isolation import in_workspace
from accounts.workspaces.revisions import current_revision
from lineage.graph.models import Flow
from lineage.graph.snapshot import _dense, load_flows
from tests.support.cast import Cast
from tests.support.flow import send_and_project
from tests.support.openlineage import dataset, new_run, run_event

Row = tuple[uuid.UUID, uuid.UUID, uuid.UUID, bool, bool]


def loaded(workspace: uuid.UUID, revision: int) -> list[Row]:
    with in_workspace(workspace):
        flows = load_flows(revision)
    ids = [uuid.UUID(bytes=each.tobytes()) for each in flows.ids]
    assert ids == sorted(set(ids))
    numbers = zip(flows.source, flows.target, flows.job, flows.proven, flows.masked, strict=True)
    return sorted((ids[a], ids[b], ids[job], bool(proven), bool(masked)) for a, b, job, proven, masked in numbers)


def stored(workspace: uuid.UUID) -> list[Row]:
    with in_workspace(workspace):
        rows = Flow.objects.filter(rev_to__isnull=True)
        return sorted(rows.values_list("from_dataset", "to_dataset", "job", "proven", "masked"))


@pytest.mark.django_db(transaction=True)
def test_the_arrays_hold_the_flows_of_the_revision_that_was_asked_for(cast: Cast) -> None:
    workspace, known = cast.workspace.pk, {}
    wide = run_event(
        job="wide", run=new_run(), inputs=[dataset("a"), dataset("b")], outputs=[dataset("c"), dataset("d")]
    )
    narrow = run_event(job="narrow", run=new_run(), inputs=[dataset("c")], outputs=[dataset("e")])
    for event in (wide, narrow):
        send_and_project(workspace, [event])
        with in_workspace(workspace):
            known[current_revision()] = stored(workspace)
    assert [len(rows) for rows in known.values()] == [4, 5]
    assert {revision: loaded(workspace, revision) for revision in known} == known
    assert loaded(workspace, 0) == []
    assert loaded(cast.elsewhere.pk, max(known)) == [], "another workspace's flows are not ours"


def test_ids_that_collide_in_the_mixture_are_told_apart() -> None:
    first = uuid.UUID(int=0)
    multiplied = 0x9E3779B97F4A7C15
    second = uuid.UUID(int=(1 << 64) | multiplied)  # high * factor ^ low is 0 as well
    third = uuid.UUID(int=5)
    keys = np.frombuffer(
        b"".join(each.bytes for each in (third, second, first, third)), dtype=[("high", ">u8"), ("low", ">u8")]
    )
    ids, numbers = _dense(keys)
    assert [uuid.UUID(bytes=each.tobytes()) for each in ids] == [first, third, second]
    assert numbers.tolist() == [1, 2, 0, 1]
