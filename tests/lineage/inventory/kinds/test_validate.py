"""What a source may send: strict types, places, ages, companions; one bad field loses no other."""

from datetime import UTC, datetime

import pytest

from lineage.inventory.kinds.load import load_kinds
from lineage.inventory.kinds.types import Kind
from lineage.inventory.kinds.validate import Problem, Validated, displaced_by, model_of, validate_attributes

SEEN = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)


def validate(kind: str, **attributes: object) -> Validated:
    return validate_attributes(load_kinds()[kind], attributes, SEEN)


def only_problem(validated: Validated) -> Problem:
    assert len(validated.problems) == 1
    return validated.problems[0]


@pytest.fixture
def dataset() -> Kind:
    return load_kinds()["dataset"]


def test_good_values_are_kept_as_they_are() -> None:
    result = validate("dataset", classification="restricted", record_count=5, encrypted_at_rest=True, tags=["a"])
    assert result.values == {
        "classification": "restricted",
        "record_count": 5,
        "encrypted_at_rest": True,
        "tags": ["a"],
    }
    assert result.problems == ()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("record_count", 7.5),
        ("record_count", True),
        ("record_count", "90"),
        ("record_count", 2**53),
        ("encrypted_at_rest", 1),
        ("encrypted_at_rest", "true"),
        ("min_tls_version", "1.2"),
        ("min_tls_version", float("nan")),
        ("min_tls_version", 10**400),
        ("tags", "one"),
        ("tags", [1]),
        ("labels", {"a": 1}),
        ("classification", 3),
        ("description", "a\x00b"),
        ("description", "\ud800"),
        ("last_write_at", "2026-11-01"),
        ("last_write_at", "2026-11-01T00:00:00"),
        ("last_write_at", "2026-02-30T00:00:00Z"),
        ("last_write_at", 1793491200),
        ("country", "Germany"),
        ("country", "de"),
    ],
)
def test_a_wrong_type_is_refused_and_costs_only_its_own_field(name: str, value: object) -> None:
    result = validate("dataset", **{name: value, "environment": "prod"})
    assert only_problem(result).field == name
    assert result.values == {"environment": "prod"}


@pytest.mark.parametrize(
    ("code", "hint"),
    [
        ("XX", "that code is given to no country; leave it out where the country is not known"),
        ("EU", "that code is given to no country; leave it out where the country is not known"),
        ("UK", 'send "GB"'),
        ("el", 'send "GR"'),
        (" de", 'send "DE"'),
        ("Germany", "send the alpha-2 code, such as DE, not the name"),
    ],
)
def test_a_code_that_is_no_country_says_what_to_send(code: str, hint: str) -> None:
    assert only_problem(validate("storage", country=code)).hint == hint
    assert only_problem(validate("storage", replica_countries=["DE", code])).hint == hint


@pytest.mark.parametrize("code", ["DE", "XK", "AQ", "JE"])
def test_every_assigned_code_and_that_of_kosovo_is_a_country(code: str) -> None:
    assert validate("storage", country=code).values == {"country": code}


def test_a_number_with_its_unit_is_told_to_come_alone() -> None:
    problem = only_problem(validate("dataset", retention_days="90 days"))
    assert problem == Problem(
        "retention_days",
        '"90 days" (string)',
        "integer in days",
        "send the number alone, without quotes or unit: 90; the unit is always days",
    )


def test_an_unknown_attribute_is_told_the_nearest_known_one() -> None:
    problem = only_problem(validate("dataset", clasification="public"))
    assert problem.hint == 'did you mean "classification"?'


def test_a_double_takes_a_whole_number_and_keeps_it_as_a_double() -> None:
    value = validate("dataset", min_tls_version=1).values["min_tls_version"]
    assert isinstance(value, float)


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("2026-11-01T01:00:00+01:00", "2026-11-01T00:00:00Z"),
        ("2026-11-01t00:00:00z", "2026-11-01T00:00:00Z"),
        ("2026-11-01T00:00:00.500Z", "2026-11-01T00:00:00.5Z"),
        ("2026-11-01T00:00:00.123456789Z", "2026-11-01T00:00:00.123456Z"),
        ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00Z"),
    ],
)
def test_instants_are_kept_in_one_form(sent: str, kept: str) -> None:
    assert validate("dataset", last_write_at=sent).values["last_write_at"] == kept


def test_nulls_and_empty_places_are_missing_and_no_problem() -> None:
    result = validate("dataset", country="", region="", owner=None, allowed_countries=["DE", ""], storage_countries=[])
    assert result.values == {}
    assert result.problems == ()
    assert set(result.missing) == {"country", "region", "owner", "allowed_countries", "storage_countries"}


def test_an_empty_string_elsewhere_is_a_value() -> None:
    assert validate("dataset", owner="").values == {"owner": ""}


def test_named_allowed_countries_limit_residency_and_an_empty_list_does_not() -> None:
    assert validate("dataset", allowed_countries=["DE"]).values["residency_limited"] is True
    denied = validate("dataset", allowed_countries=["DE"], residency_limited=False)
    assert denied.values["residency_limited"] is True
    assert [problem.field for problem in denied.problems] == ["residency_limited"]
    assert "residency_limited" not in validate("dataset", allowed_countries=[]).values


def test_an_age_becomes_the_instant_that_it_stands_for() -> None:
    assert validate("dataset", oldest_record_age_days=31).values == {"oldest_record_at": "2026-10-01T12:00:00Z"}
    assert validate("dataset", rights_expires_in_days=30).values == {"rights_expires_at": "2026-12-01T12:00:00Z"}
    assert validate("node", age_months=2).values == {"in_service_at": "2026-09-01T12:00:00Z"}
    assert validate("service", silent_hours=1.5).values == {"last_event_at": "2026-11-01T10:30:00Z"}


def test_the_ages_of_never_and_none_become_companions() -> None:
    assert validate("access_grant", review_age_days=99999).values == {"review_never": True}
    assert validate("service", oldest_critical_vuln_days=0).values == {"oldest_critical_vuln_none": True}


def test_an_age_that_tells_no_instant_is_refused() -> None:
    assert only_problem(validate("waiver", term_days=30)).hint == "send the instant expires_at in its place"
    assert only_problem(validate("dataset", oldest_record_age_days=10**9)).field == "oldest_record_age_days"


def test_a_companion_stands_in_place_of_its_instant_not_beside_it() -> None:
    assert validate("access_grant", review_never=True).values == {"review_never": True}
    result = validate("access_grant", review_never=True, review_at="2026-10-01T00:00:00Z")
    assert result.values == {"review_at": "2026-10-01T00:00:00Z"}
    assert only_problem(result).field == "review_never"


def test_a_newer_answer_displaces_the_older_one_to_the_same_question() -> None:
    grant = load_kinds()["access_grant"]
    assert displaced_by(grant, "review_at") == {"review_never", "review_none"}
    assert displaced_by(grant, "review_never") == {"review_at", "review_none"}
    assert displaced_by(grant, "owner_active") == frozenset()


def test_the_schema_names_types_units_and_meanings(dataset: Kind) -> None:
    properties = model_of(dataset).model_json_schema()["properties"]
    assert properties["retention_days"]["x-unit"] == "days"
    assert properties["country"]["pattern"] == "^[A-Z]{2}$"
    assert properties["labels"]["additionalProperties"] == {"type": "string"}
