"""Read regimes.yaml: which transfer rules bind personal data that leaves a country. Plain Python over dated data.

Every function takes the day for which it is asked, because lists change and earlier verdicts keep their edition.
"""

import datetime
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

import yaml

SHIPPED = Path(__file__).with_name("regimes.yaml")
NONE = "none"
"""Id where no regime is listed for a country."""


@dataclass(frozen=True)
class Target:
    """A country that a regime treats as adequate (mode allow) or restricts (mode block), within its dates.

    `only`: adequate is not the country but a recipient there that has joined this scheme.
    """

    country: str
    only: str | None
    since: datetime.date | None
    until: datetime.date | None

    def holds_on(self, day: datetime.date) -> bool:
        """Tell whether the entry is in force; both ends count."""
        return (self.since is None or self.since <= day) and (self.until is None or day <= self.until)


@dataclass(frozen=True)
class Regime:
    """One set of transfer rules."""

    id: str
    name: str
    countries: frozenset[str]
    mode: Literal["allow", "block"]
    as_of: datetime.date
    targets: tuple[Target, ...]
    accepted_tools: frozenset[str]
    assessment_for: frozenset[str]


@cache
def load_regimes() -> Mapping[str, Regime]:
    """Return the shipped regimes by id; read once per process."""
    return parse_regimes(yaml.safe_load(SHIPPED.read_text(encoding="utf-8")))


def parse_regimes(data: Mapping[str, Any]) -> Mapping[str, Regime]:
    """Build the regimes from parsed YAML. Raises ValueError where two regimes hold one country."""
    countries = {row["id"]: frozenset(row["countries"]) for row in data["regimes"]}
    regimes = {row["id"]: _regime(row, countries) for row in data["regimes"]}
    seen: dict[str, str] = {}
    for regime in regimes.values():
        for country in regime.countries:
            if seen.setdefault(country, regime.id) != regime.id:
                raise ValueError(f"country {country} is in the regimes {seen[country]} and {regime.id}; keep it in one")
    return MappingProxyType(regimes)


def _regime(row: Mapping[str, Any], countries: Mapping[str, frozenset[str]]) -> Regime:
    listed = row["adequate_targets"] if row["mode"] == "allow" else row["restricted_targets"]
    targets: list[Target] = []
    for entry in listed:
        members = sorted(countries[entry["group"]]) if "group" in entry else [entry["country"]]
        targets += [Target(one, entry.get("only"), entry.get("since"), entry.get("until")) for one in members]
    return Regime(
        id=row["id"],
        name=row["name"],
        countries=countries[row["id"]],
        mode=row["mode"],
        as_of=row["as_of"],
        targets=tuple(targets),
        accepted_tools=frozenset(row["accepted_tools"]),
        assessment_for=frozenset(row["assessment_for"]),
    )


def regime_of(country: str) -> Regime | None:
    """Return the regime whose countries hold this one; None where no regime is listed."""
    return _by_country().get(country)


@cache
def _by_country() -> Mapping[str, Regime]:
    return {country: regime for regime in load_regimes().values() for country in regime.countries}


def adequate(regime: Regime, country: str, schemes: Collection[str] | None, day: datetime.date) -> bool | None:
    """Return whether `regime` treats a recipient in `country` as adequate on `day`; None where that is not known.

    Inside the regime's own countries there is nothing to bridge: true. `schemes` are those that the recipient has
    joined; None = not known, and then an entry for members of a scheme only decides nothing.
    """
    if country in regime.countries:
        return True
    in_force = [target for target in regime.targets if target.country == country and target.holds_on(day)]
    if regime.mode == "block":
        return not in_force
    if any(target.only is None for target in in_force):
        return True
    if not in_force:
        return False
    if schemes is None:
        return None
    return any(target.only in schemes for target in in_force)
