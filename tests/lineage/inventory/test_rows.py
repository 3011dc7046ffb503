"""One row judged: what is kept, and each thing that cannot be, in words that say what to do."""

import datetime
from typing import Any

import pytest

from lineage.inventory.kinds.load import load_kinds
from lineage.inventory.manifest import read_manifest
from lineage.inventory.rows import Defaults, Judged, is_own_record, judge_row

NOON = datetime.datetime(2026, 11, 1, 12, tzinfo=datetime.UTC)
STORE: dict[str, Any] = {"kind": "storage", "uid": "lake"}
SITE = {"kind": "site", "uid": "fra1"}


def judge(**members: Any) -> Judged:
    given = {name: value for name, value in (STORE | members).items() if value is not ...}
    return judge_row(7, given, Defaults(NOON, "declared", NOON))


def test_a_good_row_is_kept_as_it_is() -> None:
    judged = judge(
        name="Lake",
        attributes={"country": "DE", "tier": None},
        relations={"at": [SITE], "supplier": [], "organisation": None},
        observed_at="2026-11-01T00:00:00Z",
        origin="measured",
    )
    assert judged.rejected == []
    assert judged.row is not None
    assert judged.row.facts == {"country": "DE", "tier": None, "name": "Lake"}
    assert judged.row.relations == {"at": [("site", "fra1")], "supplier": [], "organisation": None}
    assert (judged.row.origin, judged.row.dated, judged.row.observed_at.hour) == ("measured", True, 0)


@pytest.mark.parametrize(
    ("members", "field", "words"),
    [
        ({"kind": "storrage"}, "kind", "'storage'"),
        ({"kind": ...}, "kind", "got nothing"),
        ({"kind": ["storage"]}, "kind", "a kind of the vocabulary"),
        ({"kind": "waiver"}, "kind", "keeps these records itself"),
        ({"uid": ...}, "uid", "got nothing"),
        ({"uid": " "}, "uid", "the key that its owner chose"),
        ({"uid": 7}, "uid", "(integer)"),
        ({"uid": "a\x00b"}, "uid", "NUL"),
        ({"uid": "é" * 1251}, "uid", "2502 bytes"),
        ({"kind": "dataset", "uid": "s3://lake/orders"}, "uid", "percent-encoded"),
        ({"kind": "dataset", "uid": "s3%3a%2f%2flake/a b"}, "uid", '"s3%3A%2F%2Flake/a%20b"'),
        ({"kind": "run", "uid": "ABC"}, "uid", '"abc"'),
        ({"observed_at": "2026-11-01"}, "observed_at", "RFC 3339"),
        ({"observed_at": 5}, "observed_at", "RFC 3339"),
        ({"observed_at": "2026-11-01T13:00:01Z"}, "observed_at", "clock"),
        ({"observed_at": "0001-01-01T00:00:00Z"}, "observed_at", "a time since 1990"),
        ({"observed_at": "1989-12-31T23:59:59Z"}, "observed_at", "leave observed_at out"),
    ],
)
def test_a_row_that_cannot_be_kept_at_all_says_why(members: dict[str, Any], field: str, words: str) -> None:
    judged = judge(**members)
    assert judged.row is None
    assert [problem.field for problem in judged.rejected] == [field]
    assert words in judged.rejected[0].message
    assert judged.rejected[0].message.startswith(f"line 7, {field}: got ")


@pytest.mark.parametrize(
    ("members", "field", "words"),
    [
        ({"name": 7}, "name", "text"),
        ({"name": "n" * 2501}, "name", "2500 bytes"),
        ({"origin": "guessed"}, "origin", "taken as declared"),
        ({"attributes": []}, "attributes", "an object"),
        ({"attributes": {"uid": "x"}}, "attributes.uid", "leave it out"),
        ({"attributes": {"days_to_full": "90 days"}}, "days_to_full", "90"),
        ({"attributes": {"days_to_full": 1.5}}, "days_to_full", "whole number"),
        ({"attributes": {"contry": "DE"}}, "contry", '"country"'),
        ({"attributes": {"country": "Germany"}}, "country", "alpha-2"),
        ({"relations": []}, "relations", "an object of lists"),
        ({"relations": {"art": [SITE]}}, "relations.art", "'at'"),
        ({"relations": {"at": SITE}}, "relations.at", "a list"),
        ({"relations": {"at": [SITE, {"kind": "node", "uid": "n"}]}}, "relations.at[1].kind", '"site"'),
        ({"relations": {"at": ["fra1"]}}, "relations.at[0]", "kind"),
        ({"relations": {"at": [{"kind": "site", "uid": ""}]}}, "relations.at[0].uid", "key"),
        ({"country": "DE"}, "country", "put it under attributes"),
        ({"uidd": "x"}, "uidd", "'uid'"),
    ],
)
def test_what_is_wrong_inside_a_row_costs_that_alone(members: dict[str, Any], field: str, words: str) -> None:
    judged = judge(**members)
    assert judged.row is not None
    assert [problem.field for problem in judged.rejected] == [field]
    assert words in judged.rejected[0].message
    assert "at" not in judged.row.relations  # a list with one target that cannot be read is unknown as a whole


def test_a_count_may_be_negative_where_the_vocabulary_does_not_forbid_it() -> None:
    judged = judge(attributes={"days_to_full": -5})
    assert judged.rejected == []


def test_a_manifest_from_before_1990_states_no_time() -> None:
    manifest, (problem,) = read_manifest(1, {"generated_at": "1970-01-01T00:00:00Z", "count": 2}, NOON)
    assert (manifest.generated_at, manifest.count) == (None, 2)
    assert "expected a time since 1990" in problem.message


def test_the_first_instant_of_1990_can_be_sent() -> None:
    assert judge(observed_at="1990-01-01T00:00:00Z").row is not None


def test_a_clock_that_is_up_to_an_hour_ahead_is_forgiven() -> None:
    assert judge(observed_at="2026-11-01T13:00:00Z").row is not None


def test_records_that_only_the_service_keeps_cannot_be_sent_in() -> None:
    own = {name for name, kind in load_kinds().items() if is_own_record(kind)}
    assert own == {"finding", "waiver"}
