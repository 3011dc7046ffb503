"""Merging is independent of order and repetition, and each output is settled by the strongest statement."""

import datetime
import itertools
import uuid
from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lineage.graph.merge import Joined, RunState, Settled, join, settle, state_of, stronger
from lineage.graph.told import STATES, Pair, Told, job_ref

NOON = datetime.datetime(2026, 11, 1, 12, tzinfo=datetime.UTC)


def told(event_type: str, minute: int, error: bool = False) -> Told:
    state, rank = STATES[event_type]
    at = NOON + datetime.timedelta(minutes=minute)
    return Told(uuid.uuid4(), b"", at, at, "ns", job_ref("ns", "j"), None, state, rank, event_type == "START", error)


def merged(*events: Told) -> RunState:
    return reduce(join, map(state_of, events))


@given(st.lists(st.tuples(st.sampled_from(sorted(STATES)), st.integers(0, 3), st.booleans()), min_size=1, max_size=5))
def test_a_state_is_the_same_in_any_order_and_with_any_repetition(said: list[tuple[str, int, bool]]) -> None:
    events = [told(*each) for each in said]
    expected = merged(*events)
    assert all(merged(*order) == expected for order in itertools.islice(itertools.permutations(events), 30))
    assert merged(*events, *events) == expected
    assert join(merged(*events[:1]), merged(*events)) == expected


def test_a_late_start_does_not_reopen_a_run() -> None:
    state = merged(told("COMPLETE", 5), told("RUNNING", 9), told("START", 7))
    assert (state.state, state.ended_at, state.started_at) == (
        "complete",
        NOON + datetime.timedelta(minutes=5),
        NOON + datetime.timedelta(minutes=7),
    )


def test_the_later_of_two_ends_counts_and_on_a_tie_the_worse() -> None:
    assert merged(told("FAIL", 1), told("COMPLETE", 2)).state == "complete"
    assert merged(told("COMPLETE", 2), told("FAIL", 2), told("ABORT", 2)).state == "failed"


def test_an_event_without_type_leaves_the_state_open() -> None:
    assert merged(told("OTHER", 9)).state == "other"
    assert merged(told("OTHER", 9), told("START", 1)).state == "running"


def facet(carrier: str, *pairs: Pair, name: str = "columnLineage", of_job: bool = False) -> Settled:
    return Settled(carrier, name, of_job, pairs)


def test_one_input_or_one_output_proves_the_product() -> None:
    assert settle("a", "xy", []) == {("a", "x"): _cross(True), ("a", "y"): _cross(True)}
    assert settle("ab", "x", []) == {("a", "x"): _cross(True), ("b", "x"): _cross(True)}


def test_several_inputs_and_outputs_are_only_possible() -> None:
    assert settle("ab", "xy", []) == {(source, target): _cross(False) for source in "ab" for target in "xy"}


def test_column_lineage_proves_what_it_names_and_leaves_the_rest_possible() -> None:
    named = facet("x", Pair("x", "a", True, True), Pair("x", "c", False, False))
    assert settle("ab", "xy", [named]) == {
        ("a", "x"): Joined("column", True, True),
        ("c", "x"): Joined("column", False, False),
        ("b", "x"): _cross(False),
        ("a", "y"): _cross(False),
        ("b", "y"): _cross(False),
    }


def test_the_jobs_explicit_facet_is_the_whole_picture() -> None:
    whole = facet("job", Pair("x", "a", True, False), Pair("z", None, False, False), name="lineage", of_job=True)
    named = facet("y", Pair("y", "b", True, False))
    assert settle("ab", "xyz", [whole, named]) == {("a", "x"): Joined("explicit", True, False)}


def test_an_explicit_facet_without_entries_infers_nothing() -> None:
    assert settle("a", "x", [facet("job", name="lineage", of_job=True)]) == {}


def test_a_datasets_explicit_facet_settles_that_dataset_alone() -> None:
    own = facet("x", Pair("x", "q", True, False), name="lineage")
    named = facet("x", Pair("x", "a", True, False))
    assert settle("a", "xy", [own, named]) == {("q", "x"): Joined("explicit", True, False), ("a", "y"): _cross(True)}


def test_nothing_flows_into_itself() -> None:
    assert settle("at", "t", [facet("t", Pair("t", "t", True, False))]) == {("a", "t"): _cross(False)}
    assert settle("at", "t", []) == {("a", "t"): _cross(True)}


def _cross(proven: bool) -> Joined:
    return Joined("cartesian", proven, False)


JOINS = st.builds(Joined, st.sampled_from(["explicit", "column", "cartesian"]), st.booleans(), st.booleans())


@given(st.lists(JOINS, min_size=1, max_size=5))
def test_the_strongest_basis_over_runs_does_not_depend_on_their_order(joins: list[Joined]) -> None:
    expected = reduce(stronger, joins)
    assert reduce(stronger, reversed(joins)) == expected
    assert reduce(stronger, joins + joins) == expected


@pytest.mark.parametrize("strong", ["explicit", "column"])
def test_a_stronger_basis_wins(strong: str) -> None:
    assert stronger(Joined(strong, False, True), _cross(True)) == Joined(strong, True, False)  # type: ignore[arg-type]
