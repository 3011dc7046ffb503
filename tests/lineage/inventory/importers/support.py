"""What the tests of importers share: samples, rows of a file, an import into a workspace, mutated files."""

import csv
import io
import json
import random
import uuid
from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from accounts.workspaces.isolation import in_workspace
from audit.pipeline import run_due
from lineage.inventory.formats.parsed import Rejected
from lineage.inventory.receive import Outcome, Prepared, prepare, record
from lineage.inventory.rows import AssetRow
from policies.evaluation.codes import word
from tests.policies.evaluation.checker import verdicts

HERE = Path(__file__).parent
CATALOGUE = HERE.parents[4] / "shared/content/controls"
PUBLISHED = HERE.parents[4] / "shared/data/inventory"
"""Published samples: they are tests where that folder lies beside the checkout, and never part of it."""


def ours(format_name: str) -> list[Path]:
    """Return the samples of a format that we wrote: all files of its test folder that are no Python."""
    folder = HERE / format_name.replace("-", "_")
    return sorted(path for path in folder.iterdir() if path.suffix != ".py" and path.is_file())


def published(folder: str) -> list[Path]:
    """Return the published samples of a folder; skip the test where they do not lie beside the checkout."""
    if not PUBLISHED.exists():
        pytest.skip("../shared/data/inventory does not lie beside this checkout")
    return sorted(path for path in (PUBLISHED / folder).iterdir() if path.suffix in (".json", ".yaml", ".csv"))


def read(path: Path, **given: Any) -> tuple[list[AssetRow], list[Rejected], Prepared]:
    """Return the usable rows of a file that is dropped without a word about its format, what is refused, and all."""
    prepared = prepare(path.read_bytes(), source="dropped", filename=path.name, **given)
    rows = list(prepared.reading.rows())
    return rows, prepared.reading.take_problems(), prepared


def by_key(rows: Sequence[AssetRow]) -> dict[str, dict[str, Any]]:
    """Return the facts by "kind:uid", relations among them as `rel:<name>` with "kind:uid" of each target."""
    return {
        f"{row.kind}:{row.uid}": dict(row.facts)
        | {
            f"rel:{name}": [f"{kind}:{uid}" for kind, uid in targets]
            for name, targets in row.relations.items()
            if targets is not None
        }
        for row in rows
    }


def import_file(workspace_id: uuid.UUID, body: bytes, *, source: str = "dropped", **given: str) -> Outcome:
    """Import a file as its user does, and let everything that follows from it happen."""
    prepared = prepare(body, source=source, workspace=workspace_id, **given)
    with in_workspace(workspace_id):
        outcome = record(prepared, "command")
    run_due(workspace_id)
    return outcome


def import_rows(workspace_id: uuid.UUID, *rows: dict[str, Any], source: str = "by hand") -> Outcome:
    """Import native rows, for what a file does not tell."""
    return import_file(workspace_id, "\n".join(json.dumps(row) for row in rows).encode(), source=source)


def verdict(workspace_id: uuid.UUID, asset: str, check: str) -> str:
    """Return the word of a verdict; `asset` as "kind:uid"."""
    return word(verdicts(workspace_id)[asset, check][0])


def from_catalogue(check_id: str, **tests: dict[str, Any]) -> dict[str, Any]:
    """Return a check of the published catalogue as a checklist holds it, with the tests that show its verdicts.

    Skip the test where the catalogue does not lie beside the checkout.
    """
    path = CATALOGUE / f"{check_id.partition('-')[0].lower()}.yaml"
    if not path.exists():
        pytest.skip("../shared/content does not lie beside this checkout")
    (found,) = (each for each in yaml.safe_load(path.read_bytes())["controls"] if each["id"] == check_id)
    return {**found, "tests": [{"expect": expect, "asset": asset} for expect, asset in tests.items()]}


def checklist(family: str, *checks: dict[str, Any]) -> dict[str, Any]:
    """Return a checklist of these checks, to be shipped as a release."""
    numbered = [{**each, "slot": slot} for slot, each in enumerate(checks)]
    return {"family": family, "title": family, "answers": "What files say.", "version": 1, "checks": numbered}


@cache
def _odd() -> tuple[Any, ...]:
    return (None, True, -1, 10**30, 1e300, "", "\x00", "x" * 5000, [], {}, [[]], [None], {"a": {}}, "2026-13-45", "{")


def mutated(body: bytes, seed: int) -> bytes:
    """Return a body with a few accidents: bytes lost, doubled or cut, or parts of JSON, YAML or a table replaced."""
    dice = random.Random(seed)
    if dice.random() < 0.6:
        if (structure := _structure(body)) is not None:
            value, write = structure
            for _ in range(dice.randint(1, 4)):
                _disturb(value, dice)
            return write(value).encode()
        if rows := _table(body):
            return _disturbed_table(rows, dice)
    broken = bytearray(body)
    for _ in range(dice.randint(1, 6)):
        place = dice.randrange(len(broken) + 1)
        length = dice.choice((1, 1, 2, 7, 300))
        part = broken[place : place + length]
        broken[place : place + length] = dice.choice((b"", part * 2, bytes(dice.randbytes(len(part))), part[::-1]))
    return bytes(broken[: dice.choice((len(broken), len(broken), dice.randrange(len(broken) + 1)))])


def _table(body: bytes) -> list[list[str]]:
    """Return the cells of a table of text; none where the file is no such."""
    try:
        text = body.decode()
        dialect = csv.Sniffer().sniff(text.partition("\n")[0], ",;\t|")
        rows = list(csv.reader(io.StringIO(text), dialect))
    except (ValueError, csv.Error):
        return []
    return rows if len(rows) > 1 and len(rows[0]) > 1 else []


def _disturbed_table(rows: list[list[str]], dice: random.Random) -> bytes:
    """Write a table anew with other cells, headers, rows, columns, another delimiter or encoding."""
    for _ in range(dice.randint(1, 5)):
        row = rows[0] if dice.random() < 0.3 else dice.choice(rows)
        column = dice.randrange(max(len(row), 1))
        match dice.randrange(7):
            case 0 if row:
                del row[column:]
            case 1:
                row.insert(column, dice.choice(_CELLS))
            case 2:
                rows.insert(dice.randrange(len(rows) + 1), [*dice.choice(rows)])
            case 3 if len(rows) > 2:
                del rows[dice.randrange(len(rows))]
            case 4:
                for each in rows:
                    del each[column : column + 1]
            case _ if column < len(row):
                row[column] = dice.choice((*_CELLS, row[column] * 2, row[column].swapcase(), *dice.choice(rows)))
            case _:
                row.append("")
    out = io.StringIO()
    csv.writer(out, delimiter=dice.choice(",,,,;\t")).writerows(rows)
    return out.getvalue().encode(dice.choice(("utf-8", "utf-8", "utf-16", "utf-16-le", "cp1252")), "replace")


_CELLS = (
    "", " ", "NULL", "null", "0", "-1", "1e999", "NaN", "Infinity", "1_000", "1.000,5", "9" * 400, "x" * 5000, "=1+1",
    "\x00", '"', "[]", "{", '{"a": {"a": 1}}', "[" * 300, "2026-13-45", "0001-01-01", "9999-12-31 23:59:59", "Yes",
    "\u2028", "\u0661", "uid", "kind",
)  # fmt: skip


def _structure(body: bytes) -> tuple[Any, Callable[[Any], str]] | None:
    """Return what a body of JSON or YAML holds, and how to write it again; None where it is a table or no text."""
    try:
        return json.loads(body), json.dumps
    except ValueError:
        pass
    try:
        value = list(yaml.load_all(body, Loader=yaml.CSafeLoader))
    except (yaml.YAMLError, ValueError):
        return None
    return (value, _as_yaml) if value and isinstance(value[0], dict) else None


def _as_yaml(documents: Any) -> str:
    return str(yaml.dump_all(documents, Dumper=yaml.CSafeDumper))


def _disturb(value: Any, dice: random.Random) -> None:
    """Replace, drop or double one member somewhere inside."""
    inside = list(_containers(value))
    if not inside:
        return
    place = dice.choice(inside)
    key = dice.choice(list(place) if isinstance(place, dict) else range(len(place)))
    action = dice.random()
    if action < 0.6:
        place[key] = deepcopy(dice.choice(_odd()))
    elif action < 0.8:
        del place[key]
    elif isinstance(place, list):
        place.append(deepcopy(place[key]))
    else:
        place[f"{key}x"] = deepcopy(place[key])


def _containers(value: Any) -> Iterator[Any]:
    if isinstance(value, dict | list) and value:
        yield value
        for member in value.values() if isinstance(value, dict) else value:
            yield from _containers(member)
