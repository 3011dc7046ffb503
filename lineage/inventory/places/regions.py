"""Read regions.csv: in which country a region of a provider lies. Reviewed rows, each with its source and date.

A row without a country is a region of which it is not known (`note` says why), as is what is called global. Several
countries are those of one multi-region: all of them hold what lies in it. `bloc` is what a provider promises where it
names no country.
"""

import csv
import datetime
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType

SHIPPED = Path(__file__).with_name("regions.csv")

OTHER_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "amazonwebservices": "aws",
        "amazon": "aws",
        "microsoft": "azure",
        "microsoftazure": "azure",
        "google": "gcp",
        "googlecloud": "gcp",
        "googlecloudplatform": "gcp",
        "oci": "oracle",
        "oraclecloud": "oracle",
        "alibabacloud": "alibaba",
        "ibmcloud": "ibm",
        "ovhcloud": "ovh",
        "akamai": "linode",
        "hetznercloud": "hetzner",
    }
)
"""As bills and asset databases call a provider, without spaces -> as the table does."""

Key = tuple[str, str]
"""(provider, region), both as `key_of` gives them."""


@dataclass(frozen=True)
class Region:
    """One row of the table. `countries`: ISO 3166, sorted; empty = not known."""

    provider: str
    region: str
    place: str
    countries: tuple[str, ...]
    bloc: str
    source: str
    checked: datetime.date
    reviewer: str  # the role of who reviewed the row
    note: str

    @property
    def key(self) -> Key:
        """What it is found by."""
        return self.provider, self.region


def key_of(provider: str, region: str) -> Key:
    """Return what a region is found by: small letters without spaces, so that `West Europe` is `westeurope`."""
    name = "".join(provider.split()).casefold()
    return OTHER_NAMES.get(name, name), "".join(region.split()).casefold()


@cache
def shipped_regions() -> Mapping[Key, Region]:
    """Return the shipped rows by key; read once per process."""
    with SHIPPED.open(encoding="utf-8", newline="") as lines:
        return parse_regions(csv.DictReader(lines))


def parse_regions(rows: Iterable[Mapping[str, str]]) -> Mapping[Key, Region]:
    """Build the table. Raises ValueError where two rows have one key, or a key is not in the form it is found by."""
    found: dict[Key, Region] = {}
    for row in rows:
        key = (row["provider"], row["region"])
        if key != key_of(*key) or key in found:
            raise ValueError(f"row {key}: got it twice or as {key}, expected one row with the key {key_of(*key)}")
        found[key] = Region(
            provider=row["provider"],
            region=row["region"],
            place=row["place"],
            countries=tuple(sorted(one for one in row["countries"].split(";") if one)),
            bloc=row["bloc"],
            source=row["source"],
            checked=datetime.date.fromisoformat(row["checked"]),
            reviewer=row["reviewer"],
            note=row["note"],
        )
    return MappingProxyType(found)


def region_named(provider: object, region: object) -> Region | None:
    """Return the row of a region; None where the table has none, or one of the two is not known."""
    if not isinstance(provider, str) or not isinstance(region, str):
        return None
    return shipped_regions().get(key_of(provider, region))
