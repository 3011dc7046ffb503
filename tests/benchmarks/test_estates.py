"""Made estates are the size that was asked for, the same each time, and shaped as estates are."""

import networkx as nx  # type: ignore[import-untyped]
import numpy as np
import pytest

from accounts.workspaces.isolation import in_workspace
from accounts.workspaces.revisions import next_revision
from benchmarks import estates
from lineage.graph.gaps import jobs_with_gaps, keep_gaps
from lineage.graph.models import Flow
from lineage.inventory.models import Asset
from tests.support.cast import Cast


def test_the_same_size_and_seed_give_the_same_estate() -> None:
    first, again, other = estates.make(2_000), estates.make(2_000), estates.make(2_000, seed=2)
    assert first.dataset_ids == again.dataset_ids
    assert (first.source == again.source).all()
    assert first.dataset_ids[0] != other.dataset_ids[0]
    for made in (first, other):
        assert made.flows == 2_000
        identifiers = made.dataset_ids + made.job_ids + made.flow_ids
        assert len(set(identifiers)) == len(identifiers)
        assert {each.version for each in identifiers} == {7}


def test_an_estate_is_deep_skewed_and_has_cycles() -> None:
    made = estates.make(20_000)
    graph = nx.DiGraph(list(zip(made.source.tolist(), made.target.tolist(), strict=True)))
    assert not nx.is_directed_acyclic_graph(graph)
    forward = nx.DiGraph([(a, b) for a, b in graph.edges if made.level[a] < made.level[b]])
    assert nx.dag_longest_path_length(forward) >= 15
    read, written = np.bincount(made.source), np.bincount(made.target)
    assert read.max() > 20 * np.median(read[read > 0])
    assert written.max() > 10 * np.median(written[written > 0])
    assert all(part.any() for part in (made.level == 0, made.proven, ~made.proven, made.masked))


@pytest.mark.django_db(transaction=True)
def test_an_estate_is_written_as_it_was_made(cast: Cast) -> None:
    made = estates.make(2_000)
    with in_workspace(cast.workspace.pk):
        revision = estates.write(made)
        flows = {row.pk: row for row in Flow.objects.all()}
        assets = {row.pk: row for row in Asset.objects.all()}
    assert len(flows) == 2_000
    for index in (0, 123, 1_999):
        flow = flows[made.flow_ids[index]]
        ends = made.dataset_ids[made.source[index]], made.dataset_ids[made.target[index]], made.job_ids[made.job[index]]
        assert (flow.from_dataset_id, flow.to_dataset_id, flow.job_id) == ends
        assert (flow.rev_from, flow.rev_to, flow.proven) == (revision, None, made.proven[index])
        assert [assets[each].kind for each in ends] == ["dataset", "dataset", "job"]
    root = int(np.flatnonzero((made.level == 0) & (made.country >= 0) & (made.label >= 0))[0])
    asset = assets[made.dataset_ids[root]]
    assert asset.document["is_origin"] is True
    assert asset.country == asset.document["country"] == estates.COUNTRIES[made.country[root]]
    assert asset.document["classification"] == estates.CLASSES[made.label[root]]
    with in_workspace(cast.workspace.pk):
        assert len(jobs_with_gaps(None)) == made.admits.sum() > 0
        assert keep_gaps(set(made.job_ids), next_revision("test")) == set(), "what is kept is what runs say"
