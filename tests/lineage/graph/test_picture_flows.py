"""A picture is one picture, whichever way its flows are found: kept, read around what is in view, or all of a time."""

import datetime
import itertools
import random
import uuid

import pytest

from accounts.workspaces.isolation import in_workspace
from accounts.workspaces.revisions import next_revision
from lineage.graph.models import Flow
from lineage.graph.picture import flows
from lineage.graph.picture.cut import More
from lineage.graph.picture.draw import Collapse, Frame, Picture, draw
from lineage.graph.queries import FlowFilter
from lineage.graph.recent import Recent
from lineage.graph.snapshot import ALWAYS, BASES, Seen
from tests.lineage.graph.test_reach import make_assets, write
from tests.support.cast import Cast
from tests.support.histories import REVISIONS, History, histories

GRAPHS = 60
COLLAPSES: tuple[Collapse, ...] = ("", "namespace", "job")


def some_frame(one: History) -> Frame:
    dice = random.Random(one.seed)
    asset: uuid.UUID = dice.choice(one.datasets)
    more = (More(asset, dice.choice(["upstream", "downstream"]), 3),) if dice.random() < 0.3 else ()
    return Frame(
        up=dice.randint(0, 4),
        down=dice.randint(0, 4),
        limit=dice.choice([1, 2, 3, 5, 150]),
        collapse=COLLAPSES[one.seed % 3],
        more=more,
        also=(dice.choice(one.datasets),) if dice.random() < 0.3 else (),
    )


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_pictures_of_random_histories_do_not_depend_on_how_their_flows_are_found(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace, made = cast.workspace.pk, list(histories(GRAPHS))
    with in_workspace(workspace):
        make_assets(made)
    for _ in REVISIONS:
        with in_workspace(workspace):
            write(made, next_revision("test"))
    never, kept = Recent(max_bytes=0), Recent()
    with in_workspace(workspace):
        assert kept.at(REVISIONS[-1]) is not None

    def drawn(one: History, kind: str, keeper: Recent, most: int, revision: int) -> Picture:
        monkeypatch.setattr(flows, "RECENT", keeper)
        monkeypatch.setattr(flows, "MOST", most)
        bases = frozenset(BASES if one.seed % 2 else BASES[:2])
        with in_workspace(workspace):
            start = one.datasets[0] if kind == "dataset" else one.jobs[0]
            return draw(start, kind, some_frame(one), revision=revision, flows=FlowFilter(bases))

    shown = 0
    for one, kind, revision in itertools.product(made, ("dataset", "job"), REVISIONS):
        whole = drawn(one, kind, never, 0, revision)
        assert drawn(one, kind, never, 10_000, revision) == whole, (one.seed, kind, revision)
        if revision == REVISIONS[-1]:
            assert drawn(one, kind, kept, 0, revision) == whole, (one.seed, kind)
        shown += len(whole.nodes) > 2
    assert shown > GRAPHS


@pytest.mark.django_db(transaction=True)
def test_flows_are_the_kept_ones_else_those_around_what_is_in_view_else_all(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace, made, last = cast.workspace.pk, list(histories(6)), REVISIONS[-1]
    with in_workspace(workspace):
        make_assets(made)
    for _ in REVISIONS:
        with in_workspace(workspace):
            write(made, next_revision("test"))
    with in_workspace(workspace):
        source = Flow.objects.filter(rev_to=None)[0].from_dataset_id

    def read(keeper: Recent, most: int, seen: Seen = ALWAYS) -> set[uuid.UUID] | None:
        """Return around what flows were read, None: all."""
        monkeypatch.setattr(flows, "RECENT", keeper)
        monkeypatch.setattr(flows, "MOST", most)
        with in_workspace(workspace):
            return flows.Flows(source, (), last, seen).read

    keeper = Recent()
    assert read(keeper, 10_000) == {source}
    assert keeper.kept == {}, "a picture alone loads nothing"
    assert read(keeper, 0) is None
    with in_workspace(workspace):
        assert keeper.at(last) is not None
    assert read(keeper, 10_000) is None
    long_ago = datetime.datetime(2000, 1, 1, tzinfo=datetime.UTC)
    assert read(keeper, 10_000, Seen(since=long_ago)) == {source}, "what is kept knows no span of time"
