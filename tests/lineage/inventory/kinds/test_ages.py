"""Ages: which attributes are counted from instants, and what they are at a given now."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lineage.inventory.kinds.ages import UNITS, add_months, age_at, instant_of, whole_months
from lineage.inventory.kinds.load import load_kinds, load_lineage_facts, parse_vocabulary
from lineage.inventory.kinds.types import Age

NOW = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)

PLAIN_DERIVED = {
    ("job", "duration_p95_minutes"),
    ("organisation", "deploy_lead_days_p50"),
    ("organisation", "baseline_deploy_lead_days"),
    ("organisation", "new_use_case_days_p50"),
    ("organisation", "evidence_pack_hours_p90"),
    ("finding", "limit_days"),
}


def age(kind: str, name: str) -> Age:
    found = load_kinds()[kind].attributes[name].age
    assert found is not None
    return found


def test_every_derived_duration_is_an_age_or_listed_as_plain() -> None:
    plain = {
        (kind.name, attribute.name)
        for kind in load_kinds().values()
        for attribute in kind.attributes.values()
        if attribute.origin == "derived" and attribute.unit in UNITS and not attribute.age
    }
    assert plain == PLAIN_DERIVED


def test_every_instant_behind_an_age_can_be_sent() -> None:
    for kind in load_kinds().values():
        for attribute in kind.attributes.values():
            if attribute.age:
                assert all(kind.attribute(name) for name in attribute.age.inputs), (kind.name, attribute.name)


@pytest.mark.parametrize(
    ("kind", "name", "expected"),
    [
        ("access_grant", "review_age_days", Age("review_at", None, "days", "since", True)),
        ("dataset", "rights_expires_in_days", Age("rights_expires_at", None, "days", "until", True)),
        ("dataset", "system_age_days", Age("system_at", None, "days", "since", True)),
        ("node", "age_months", Age("in_service_at", None, "months", "since", True)),
        ("incident", "restore_hours", Age("opened_at", "restored_at", "hours", "since", False)),
        (
            "initiative",
            "network_assessment_age_days",
            Age("network_assessment_at", "go_live_at", "days", "since", True),
        ),
        ("waiver", "term_days", Age("approved_at", "expires_at", "days", "between", True)),
        ("model", "approved_waiting_days", Age("approved_at", "deployed_at", "days", "since", True, True)),
        (
            "ai_system",
            "unregistered_days_open",
            Age("unregistered_use_at", None, "days", "since", True, zero_if="registered"),
        ),
    ],
)
def test_the_forms_of_the_vocabulary_are_read(kind: str, name: str, expected: Age) -> None:
    assert age(kind, name) == expected


def test_whole_units_are_rounded_down_and_hours_are_exact() -> None:
    assert age_at(age("access_grant", "review_age_days"), {"review_at": NOW - 2 * DAY + timedelta(seconds=1)}, NOW) == 1
    assert age_at(age("access_grant", "review_age_days"), {"review_at": NOW + timedelta(seconds=1)}, NOW) == -1
    assert age_at(age("service", "silent_hours"), {"last_event_at": NOW - timedelta(minutes=90)}, NOW) == 1.5


def test_days_to_an_end_are_negative_once_it_has_passed() -> None:
    ends = age("dataset", "rights_expires_in_days")
    assert age_at(ends, {"rights_expires_at": NOW}, NOW) == 0
    assert age_at(ends, {"rights_expires_at": NOW - timedelta(seconds=1)}, NOW) == -1


def test_counting_stops_at_the_end_once_it_has_passed() -> None:
    restore = age("incident", "restore_hours")
    assert age_at(restore, {"opened_at": NOW - 2 * DAY, "restored_at": NOW - DAY}, NOW) == 24.0
    assert age_at(restore, {"opened_at": NOW - 2 * DAY, "restored_at": NOW + DAY}, NOW) == 48.0
    assert age_at(restore, {"opened_at": NOW - 2 * DAY}, NOW) == 48.0


def test_the_zero_forms() -> None:
    waiting, unregistered = age("model", "approved_waiting_days"), age("ai_system", "unregistered_days_open")
    assert age_at(waiting, {"approved_at": NOW - 9 * DAY, "deployed_at": NOW - DAY}, NOW) == 0
    assert age_at(waiting, {"approved_at": NOW - 9 * DAY, "deployed_at": NOW + DAY}, NOW) == 9
    assert age_at(unregistered, {"registered": True}, NOW) == 0
    assert age_at(unregistered, {"registered": False, "unregistered_use_at": NOW - 3 * DAY}, NOW) == 3


def test_never_none_and_silence_are_three_different_things() -> None:
    review, oldest = age("access_grant", "review_age_days"), age("service", "oldest_critical_vuln_days")
    assert age_at(review, {"review_never": True}, NOW) == 99999
    assert age_at(oldest, {"oldest_critical_vuln_none": True}, NOW) == 0
    assert age_at(review, {}, NOW) is None
    assert age_at(review, {"review_never": False}, NOW) is None


def test_a_term_needs_both_ends_or_the_word_that_there_is_none() -> None:
    term = age("waiver", "term_days")
    assert age_at(term, {"approved_at": NOW, "expires_at": NOW + 30 * DAY}, NOW) == 30
    assert age_at(term, {"approved_at": NOW}, NOW) is None
    assert age_at(term, {"approved_at": NOW, "expires_never": True}, NOW) == 99999


def test_whole_months_end_on_the_same_day_and_time() -> None:
    start = datetime(2026, 1, 31, 12, tzinfo=UTC)
    assert whole_months(start, datetime(2026, 2, 28, 23, tzinfo=UTC)) == 0
    assert whole_months(start, datetime(2026, 3, 31, 11, tzinfo=UTC)) == 1
    assert whole_months(start, datetime(2026, 3, 31, 12, tzinfo=UTC)) == 2
    assert add_months(datetime(2024, 3, 31, tzinfo=UTC), -1) == datetime(2024, 2, 29, tzinfo=UTC)


@given(st.integers(-3000, 30000), st.integers(0, 2**31).map(lambda seconds: datetime.fromtimestamp(seconds, UTC)))
def test_an_age_turned_into_its_instant_is_that_age_at_the_same_now(days: int, observed: datetime) -> None:
    since, until = age("access_grant", "review_age_days"), age("dataset", "rights_expires_in_days")
    assert age_at(since, {"review_at": instant_of(since, days, observed)}, observed) == days
    assert age_at(until, {"rights_expires_at": instant_of(until, days, observed)}, observed) == days


def test_lineage_freshness_counts_from_the_receipt() -> None:
    assert load_lineage_facts()["freshness_minutes"].age == Age("freshness_at", None, "minutes", "since", True)


def test_a_relation_to_an_undeclared_kind_is_refused() -> None:
    kind = {"meaning": "", "origin": "asset", "lineage": False, "attributes": []}
    relation = {"name": "at", "target": "nowhere", "inverse": None}
    vocabulary = {
        "version": 1,
        "common_attributes": [],
        "common_relations": [],
        "lineage_facts": [],
        "kinds": {"site": {**kind, "relations": [relation]}},
    }
    with pytest.raises(ValueError, match=r"site\.at leads to the kind 'nowhere', which is not declared"):
        parse_vocabulary(vocabulary)
