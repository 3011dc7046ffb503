"""What the tests of importers share: samples, rows of a file, an import into a workspace, mutated files."""

import json
import random
import uuid
from collections.abc import Iterator, Sequence
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from accounts.workspaces.isolation import in_workspace
from audit.pipeline import run_due
from lineage.inventory.formats.parsed import Rejected
from lineage.inventory.receive import Outcome, Prepared, prepare, record
from lineage.inventory.rows import AssetRow
from policies.evaluation.codes import word
from tests.policies.evaluation.checker import verdicts

HERE = Path(__file__).parent
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


def read(path: Path, **given: str) -> tuple[list[AssetRow], list[Rejected], Prepared]:
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
    prepared = prepare(body, source=source, **given)
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


@cache
def _odd() -> tuple[Any, ...]:
    return (None, True, -1, 10**30, 1e300, "", "\x00", "x" * 5000, [], {}, [[]], [None], {"a": {}}, "2026-13-45", "{")


def mutated(body: bytes, seed: int) -> bytes:
    """Return a body with a few accidents: bytes lost, doubled, turned or cut, or a value in JSON replaced."""
    dice = random.Random(seed)
    if dice.random() < 0.6:
        try:
            value = json.loads(body)
        except ValueError:
            pass
        else:
            for _ in range(dice.randint(1, 4)):
                _disturb(value, dice)
            return json.dumps(value).encode()
    broken = bytearray(body)
    for _ in range(dice.randint(1, 6)):
        place = dice.randrange(len(broken) + 1)
        length = dice.choice((1, 1, 2, 7, 300))
        part = broken[place : place + length]
        broken[place : place + length] = dice.choice((b"", part * 2, bytes(dice.randbytes(len(part))), part[::-1]))
    return bytes(broken[: dice.choice((len(broken), len(broken), dice.randrange(len(broken) + 1)))])


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
