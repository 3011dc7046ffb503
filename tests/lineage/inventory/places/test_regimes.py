"""Transfer regimes are read as dated data: groups, schemes and dates decide what is adequate."""

import datetime

import pytest

from lineage.inventory.places.regimes import adequate, load_regimes, parse_regimes, regime_of

TODAY = datetime.date(2026, 11, 1)


def ask(regime: str, country: str, schemes: list[str] | None = None, day: datetime.date = TODAY) -> bool | None:
    return adequate(load_regimes()[regime], country, schemes, day)


def test_a_country_belongs_to_its_regime_or_to_none() -> None:
    assert [(country, getattr(regime_of(country), "id", None)) for country in ("DE", "NO", "GB", "CH", "BO")] == [
        ("DE", "eu_gdpr"), ("NO", "eu_gdpr"), ("GB", "uk_gdpr"), ("CH", "ch_fadp"), ("BO", None),
    ]  # fmt: skip


def test_inside_the_regime_there_is_nothing_to_bridge() -> None:
    assert ask("eu_gdpr", "FR") is True


def test_a_listed_country_is_adequate_and_another_is_not() -> None:
    assert ask("eu_gdpr", "JE") is True
    assert ask("eu_gdpr", "IN") is False


def test_a_group_stands_for_its_countries() -> None:
    assert ask("uk_gdpr", "DE") is True


def test_a_scheme_makes_its_members_adequate_alone() -> None:
    assert ask("eu_gdpr", "US", ["eu_us_dpf"]) is True
    assert ask("eu_gdpr", "US", ["ch_us_dpf"]) is False
    assert ask("eu_gdpr", "US", []) is False
    assert ask("eu_gdpr", "US", None) is None


def test_an_entry_counts_within_its_dates() -> None:
    assert ask("eu_gdpr", "BR", day=datetime.date(2026, 1, 25)) is False
    assert ask("eu_gdpr", "BR", day=datetime.date(2026, 1, 26)) is True
    assert ask("eu_gdpr", "GB", day=datetime.date(2031, 12, 27)) is True
    assert ask("eu_gdpr", "GB", day=datetime.date(2031, 12, 28)) is False


def test_a_regime_that_blocks_allows_what_it_does_not_restrict() -> None:
    assert ask("in_dpdp", "US") is True
    row = {"id": "x", "name": "X", "countries": ["IN"], "mode": "block", "as_of": TODAY, "accepted_tools": []}
    row |= {"assessment_for": [], "restricted_targets": [{"country": "US"}]}
    assert adequate(parse_regimes({"regimes": [row]})["x"], "US", None, TODAY) is False


def test_a_country_in_two_regimes_is_refused() -> None:
    row = {"name": "X", "countries": ["IN"], "mode": "block", "as_of": TODAY, "accepted_tools": []}
    row |= {"assessment_for": [], "restricted_targets": []}
    with pytest.raises(ValueError, match="country IN is in the regimes a and b"):
        parse_regimes({"regimes": [row | {"id": "a"}, row | {"id": "b"}]})
