"""What one source says of one asset does not depend on the order in which its reports arrive."""

import dataclasses
import datetime
import uuid
from itertools import permutations
from typing import Any

import hypothesis.strategies as st
from hypothesis import given

from lineage.inventory.merge import ReportedRow, Said, instant_key, merge, outlives

NOON = datetime.datetime(2026, 11, 1, 12, tzinfo=datetime.UTC)


def row(minute: int, facts: dict[str, Any], relations: dict[str, list[tuple[str, str]]], full: bool) -> ReportedRow:
    at = NOON + datetime.timedelta(minutes=minute)
    return ReportedRow(uuid.UUID(int=1), facts, relations, "measured", at, uuid.UUID(int=minute), full)


rows = st.builds(
    row,
    st.integers(0, 3),
    st.dictionaries(st.sampled_from(["owner", "country", "tier"]), st.sampled_from(["a", "b", None]), max_size=3),
    st.dictionaries(st.sampled_from(["at", "supplier"]), st.lists(st.sampled_from([("site", "x"), ("site", "y")]))),
    st.booleans(),
)


def content(said: Said) -> tuple[Any, ...]:
    def bare(entries: dict[str, dict[str, Any]]) -> Any:
        return {name: {k: v for k, v in entry.items() if k != "e"} for name, entry in entries.items()}

    return bare(said.facts), bare(said.relations), said.full_at


@given(st.lists(rows, min_size=2, max_size=4))
def test_any_order_gives_the_same(reports: list[ReportedRow]) -> None:
    outcomes = []
    for order in permutations(reports):
        said = Said()
        for report in order:
            said = merge(said, report, None)
        outcomes.append(content(said))
    assert all(outcome == outcomes[0] for outcome in outcomes)


@given(st.lists(rows, max_size=4))
def test_the_same_again_changes_nothing(reports: list[ReportedRow]) -> None:
    said = Said()
    for report in reports:
        said = merge(said, report, None)
    for report in reports:
        assert merge(said, report, None) is said


def test_what_a_full_report_leaves_out_is_gone() -> None:
    said = merge(Said(), row(1, {"owner": "a", "tier": "hot"}, {"at": []}, False), None)
    said = merge(said, row(2, {"owner": "a"}, {}, True), None)
    assert set(said.facts) == {"owner", "uid"}
    assert said.relations == {}


def test_a_report_older_than_the_last_full_one_says_nothing() -> None:
    said = merge(Said(), row(2, {"owner": "a"}, {}, True), None)
    assert merge(said, row(1, {"tier": "hot"}, {}, False), None) is said
    assert merge(Said(), row(1, {"tier": "hot"}, {}, False), NOON + datetime.timedelta(minutes=2)).facts == {}


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
    said = merge(Said(), row(1, {"owner": "a"}, {}, False), None)
    assert not outlives(said, NOON + datetime.timedelta(minutes=2))
    said = merge(said, row(3, {"tier": "hot"}, {}, False), None)
    assert outlives(said, NOON + datetime.timedelta(minutes=2))


def test_a_snapshot_made_later_keeps_what_it_saw_earlier() -> None:
    seen_early = dataclasses.replace(row(1, {"owner": "a"}, {}, True), as_of=NOON + datetime.timedelta(minutes=9))
    said = merge(Said(), seen_early, NOON + datetime.timedelta(minutes=5))
    assert said.facts["owner"]["t"] == "2026-11-01T12:01:00Z"
    assert outlives(said, NOON + datetime.timedelta(minutes=9))


def test_instants_sort_as_text_without_their_z() -> None:
    texts = ["2026-11-01T00:00:00Z", "2026-11-01T00:00:00.5Z", "2026-11-01T00:00:01Z"]
    assert sorted(texts, key=instant_key) == texts
