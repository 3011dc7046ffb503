"""docs/inventories.md says what the code does."""

import datetime
import json
import re
from pathlib import Path

import pytest

from accounts.members.rights import ALLOWED, Right
from lineage.inventory.assets import UID_LIMIT
from lineage.inventory.derivations import (
    ACCEPTED_JOINS,
    CLASS_RANK,
    DATASET_COUNTRY,
    OWNER_ACTIVE,
    RECEIPTS,
    REGION_COUNTRY,
    STORAGE_COUNTRIES,
    STORED_PROTECTION,
)
from lineage.inventory.formats.known import FORMATS, IMPORTERS
from lineage.inventory.formats.parsed import Format
from lineage.inventory.kinds.declared import TYPES, problems_of
from lineage.inventory.kinds.load import load_kinds, shipped_vocabulary
from lineage.inventory.manifest import MEMBERS as MANIFEST_MEMBERS
from lineage.inventory.places.join import ENDS, FOLLOWS
from lineage.inventory.pulls.places.known import PLACES
from lineage.inventory.reading import Reading
from lineage.inventory.receive import SHOWN, SOURCE_LIMIT
from lineage.inventory.rows import MEMBERS, ORIGINS, is_own_record

ROOT = Path(__file__).resolve().parents[3]
TEXT = (ROOT / "docs/inventories.md").read_text()


def block(language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)
    assert found is not None
    return found[1]


@pytest.mark.parametrize(
    ("language", "parameters"), [("ndjson", {"format": "native"}), ("csv", {"format": "csv", "kind": "storage"})]
)
def test_the_examples_are_accepted_whole(language: str, parameters: dict[str, str]) -> None:
    received = datetime.datetime(2026, 11, 2, tzinfo=datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    reading = Reading(block(language).encode(), {**parameters, "received_at": received}, "declared")
    rows = list(reading.rows())
    assert (len(rows), reading.take_problems()) == (2, [])
    assert reading.is_complete


def test_members_origins_and_limits_are_named() -> None:
    assert all(f"`{name}`" in TEXT for name in (*MEMBERS, *ORIGINS, *FORMATS))
    assert all(name in block("ndjson") for name in MANIFEST_MEMBERS)
    assert f"at most {UID_LIMIT} bytes" in TEXT
    assert f"1 to {SOURCE_LIMIT} characters" in TEXT
    assert f"the first {SHOWN} in the answer" in TEXT


def fills_of(each: Format) -> str:
    """Return the row of a format in the table of what they fill."""
    kinds = [f"`{kind}`: {', '.join(sorted(names))}" for kind, names in sorted(each.fills.items())]
    return f"| `{each.name}` | {each.title} | {'; '.join(kinds)} |"


def test_the_table_of_formats_says_what_each_fills() -> None:
    table = re.split(r"\n##", TEXT.partition("## Formats of others")[2], maxsplit=1)[0]
    rows = [line for line in table.splitlines() if "`" in line]
    assert [row for row in rows if row.startswith("|")] == [fills_of(each) for each in IMPORTERS.values()]


def test_the_roles_that_may_send_are_named() -> None:
    roles = sorted(role.value for role, rights in ALLOWED.items() if Right.SEND_INVENTORY in rights)
    assert sorted(["pipeline", "engineer", "admin"]) == roles
    assert "pipeline, engineer and admin may send" in TEXT


def test_the_derivations_are_the_declared_ones() -> None:
    places = (ACCEPTED_JOINS, STORAGE_COUNTRIES, DATASET_COUNTRY, REGION_COUNTRY, STORED_PROTECTION)
    every = (*places, CLASS_RANK, OWNER_ACTIVE, RECEIPTS)
    ours = {one.label for one in every}
    assert set(re.findall(r"^\| `(\w+@\d+)`", TEXT, re.MULTILINE)) == ours


def test_the_boundaries_of_the_join_are_named() -> None:
    assert f"ends in one of `{' '.join(ENDS)}`" in TEXT
    assert " or ".join(f"`{sign}`" for sign in FOLLOWS) in TEXT


def test_every_code_that_is_raised_is_listed() -> None:
    raised = set()
    for path in (ROOT / "lineage/inventory").rglob("*.py"):
        raised |= set(re.findall(r'\bcode="(\w+)"', path.read_text()))
    assert raised
    assert {code for code in raised if f"`{code}`" not in TEXT} == set()


def test_kinds_that_cannot_be_sent_are_named() -> None:
    own = [name for name, kind in load_kinds().items() if is_own_record(kind)]
    assert f"`{own[0]}` and `{own[1]}` are kept by Auditline itself" in TEXT


def test_the_places_that_are_pulled_from_are_those_of_the_code() -> None:
    table = TEXT.partition("| `place` |")[2].partition("\n\n")[0]
    rows = re.findall(r"^\| `(\w+)` \|[^|]+\|([^|]*)\|([^|]*)\|$", table, re.MULTILINE)
    said = {name: (secret.strip(), set(re.findall(r"`(\w+)`", options))) for name, secret, options in rows}
    assert said == {place.name: (place.secret, set(place.options)) for place in PLACES.values()}


def test_the_declaration_that_is_shown_can_be_made() -> None:
    shown = json.loads(block("json"))
    said = {"relations": [], "retire": [], **shown}
    said["attributes"] = [{"unit": None, **each} for each in shown["attributes"]]
    assert problems_of(shipped_vocabulary(), said) == []
    assert f"are `{'`, `'.join(TYPES[:-1])}` and `{TYPES[-1]}`" in TEXT
