"""What one source says of one asset does not depend on the order in which its reports arrive."""

import dataclasses
import datetime
import uuid
from itertools import permutations
from typing import Any

import hypothesis.strategies as st
from hypothesis import given

from lineage.inventory.merge import ReportedRow, Said, instant_key, merge, unnamed

NOON = datetime.datetime(2026, 11, 1, 12, tzinfo=datetime.UTC)


def minute(number: int) -> datetime.datetime:
    return NOON + datetime.timedelta(minutes=number)


def row(at: int, facts: dict[str, Any], relations: dict[str, list[tuple[str, str]]], full: bool) -> ReportedRow:
    return ReportedRow(uuid.UUID(int=1), facts, relations, "measured", minute(at), uuid.UUID(int=at), full)


rows = st.builds(
    row,
    st.integers(0, 3),
    st.dictionaries(st.sampled_from(["owner", "country", "tier"]), st.sampled_from(["a", "b", None]), max_size=3),
    st.dictionaries(st.sampled_from(["at", "supplier"]), st.lists(st.sampled_from([("site", "x"), ("site", "y")]))),
    st.booleans(),
)
reports = st.builds(
    lambda seen, said: dataclasses.replace(seen, as_of=minute(said), stated=True) if said else seen,
    rows,
    st.integers(0, 5),
)


def content(said: Said) -> tuple[Any, ...]:
    def bare(entries: dict[str, dict[str, Any]]) -> Any:
        return {name: {k: v for k, v in entry.items() if k != "e"} for name, entry in entries.items()}

    return bare(said.facts), bare(said.relations), said.full_at


@given(st.lists(reports, min_size=2, max_size=4))
def test_any_order_gives_the_same(said_of_it: list[ReportedRow]) -> None:
    outcomes = []
    for order in permutations(said_of_it):
        said = Said()
        for report in order:
            said = merge(said, report, None)
        outcomes.append(content(said))
    assert all(outcome == outcomes[0] for outcome in outcomes)


@given(st.lists(reports, max_size=4))
def test_the_same_again_changes_nothing(said_of_it: list[ReportedRow]) -> None:
    said = Said()
    for report in said_of_it:
        said = merge(said, report, None)
    for report in said_of_it:
        assert merge(said, report, None) is said


def test_what_a_full_report_leaves_out_is_gone() -> None:
    said = merge(Said(), row(1, {"owner": "a", "tier": "hot"}, {"at": []}, False), None)
    said = merge(said, row(2, {"owner": "a"}, {}, True), None)
    assert set(said.facts) == {"owner", "uid"}
    assert said.relations == {}


def test_a_report_older_than_the_last_full_one_says_nothing() -> None:
    said = merge(Said(), row(2, {"owner": "a"}, {}, True), None)
    assert merge(said, row(1, {"tier": "hot"}, {}, False), None) is said
    assert merge(Said(), row(1, {"tier": "hot"}, {}, False), minute(2)).facts == {}


def test_null_takes_back_what_was_said_and_leaves_a_mark() -> None:
    said = merge(Said(), row(1, {"owner": "a"}, {}, False), None)
    said = merge(said, row(2, {"owner": None}, {}, False), None)
    assert "v" not in said.facts["owner"]
    assert merge(said, row(1, {"owner": "a"}, {}, False), None) is said


def test_empty_relations_are_kept_apart_from_relations_that_were_not_reported() -> None:
    said = merge(Said(), row(1, {}, {"at": []}, False), None)
    assert said.relations["at"]["v"] == []
    assert "supplier" not in said.relations


def test_an_asset_that_was_reported_again_outlives_a_full_inventory_without_it() -> None:
    said = merge(Said(), row(1, {"owner": "a"}, {"at": []}, False), None)
    assert unnamed(said, minute(2), stated=True) == Said()
    said = merge(said, row(3, {"tier": "hot"}, {}, False), None)
    left = unnamed(said, minute(2), stated=True)
    assert (set(left.facts), left.relations, left.full_at) == ({"tier", "uid"}, {}, minute(2))


def test_a_snapshot_made_later_keeps_what_it_saw_earlier() -> None:
    seen_early = dataclasses.replace(row(1, {"owner": "a"}, {}, True), as_of=minute(9), stated=True)
    said = merge(Said(), seen_early, minute(5))
    assert said.facts["owner"]["t"] == "2026-11-01T12:01:00Z"
    assert set(unnamed(said, minute(9), stated=True).facts) == {"owner", "uid"}


def test_without_a_time_that_it_states_a_snapshot_overrules_nothing_that_was_seen_later() -> None:
    of_receipt = dataclasses.replace(row(1, {"owner": "a"}, {}, True), as_of=minute(9))
    for first, second in permutations([of_receipt, row(3, {"owner": "b"}, {}, False)]):
        said = merge(merge(Said(), first, None), second, None)
        assert said.facts["owner"]["v"] == "b"
        assert unnamed(said, minute(9), stated=False) is said
        assert unnamed(said, minute(10), stated=False) == Said()


def test_of_what_was_seen_earlier_and_said_later_the_later_word_counts() -> None:
    seen_early = dataclasses.replace(row(1, {"owner": "a"}, {}, False), as_of=minute(9), stated=True)
    for first, second in permutations([seen_early, row(3, {"owner": "b"}, {}, False)]):
        said = merge(merge(Said(), first, None), second, None)
        assert (said.facts["owner"]["v"], said.facts["owner"]["t"]) == ("a", "2026-11-01T12:01:00Z")


@given(st.lists(reports, min_size=1, max_size=3), st.lists(st.integers(0, 4), min_size=1, max_size=2))
def test_full_inventories_without_the_asset_may_come_at_any_time(
    said_of_it: list[ReportedRow], without: list[int]
) -> None:
    """Also an inventory that comes before the asset was known, whose instant is then the floor (facts.py)."""
    outcomes = []
    happened: list[ReportedRow | datetime.datetime] = [*said_of_it, *map(minute, without)]
    for order in permutations(happened):
        said = Said()
        floor: datetime.datetime | None = None
        for each in order:
            if isinstance(each, ReportedRow):
                said = merge(said, each, floor)
            else:
                said, floor = unnamed(said, each, stated=True), max(each, floor or each)
        outcomes.append(content(said))
    assert all(outcome == outcomes[0] for outcome in outcomes)


def test_instants_sort_as_text_without_their_z() -> None:
    texts = ["2026-11-01T00:00:00Z", "2026-11-01T00:00:00.5Z", "2026-11-01T00:00:01Z"]
    assert sorted(texts, key=instant_key) == texts
