"""The seeded problems: the list is also the plan by which they are planted, so that list and estate cannot differ.

`seeded_problems.yaml` holds `problems` (fail or unknown at the anchor) and `upcoming` (pass at the anchor, and time
alone flips them). An entry without `plant` is built into the estate by the module that `built_in` names.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from config.demo.estate import Estate, Line, refs

FILE = Path(__file__).with_name("seeded_problems.yaml")


@dataclass(frozen=True)
class Problem:
    """One seeded problem. `job`: the subject is every run of that job; then `uid` is empty.

    `flips_in_days`: for upcoming ones, days after the anchor at which time flips the verdict; None for the others.
    """

    id: str
    family: str
    check: str
    kind: str
    uid: str
    job: str
    expected: str
    fact: str
    why: str
    plant: tuple[Mapping[str, Any], ...]
    flips_in_days: float | None


def read_problems() -> tuple[Problem, ...]:
    """Read the list, upcoming ones last."""
    data = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return tuple(_problem(row) for row in (*data["problems"], *data["upcoming"]))


def _problem(row: Mapping[str, Any]) -> Problem:
    subject = row["subject"]
    plant = row.get("plant", [])
    return Problem(
        id=row["id"],
        family=row["check"].split("-")[0],
        check=row["check"],
        kind=subject["kind"],
        uid=subject.get("uid", ""),
        job=subject.get("job", ""),
        expected=row["expected"],
        fact=row["fact"],
        why=row["why"],
        plant=tuple(plant if isinstance(plant, list) else [plant]),
        flips_in_days=row.get("flips_in_days"),
    )


def plant_problems(estate: Estate) -> None:
    """Change the reported facts as the list says. Raises KeyError where it names an asset that nobody reports."""
    for problem in read_problems():
        for change in problem.plant:
            kind, uid = change.get("kind", problem.kind), change.get("uid", problem.uid)
            lines = estate.lines_of(kind, uid)
            if not lines:
                raise KeyError(f"{problem.id} plants on {kind} {uid}, which no source reports: correct its uid")
            _apply(estate, lines, change)


def _apply(estate: Estate, lines: list[Line], change: Mapping[str, Any]) -> None:
    for name in change.get("drop", []):
        _forget(lines, name)
    for name, value in _values(estate, change):
        holder = next((line for line in lines if name in line.attributes or _companion_in(line, name)), lines[0])
        _forget(lines, name)
        holder.attributes[name] = value
    for name, targets in change.get("relate", {}).items():
        holder = next((line for line in lines if name in line.relations), lines[0])
        holder.relations[name] = refs((target["kind"], target["uid"]) for target in targets)


def _values(estate: Estate, change: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    yield from change.get("set", {}).items()
    for name, days in change.get("days_ago", {}).items():
        yield name, estate.clock.days_ago(days)
    for name, days in change.get("in_days", {}).items():
        yield name, estate.clock.in_days(days)


def _forget(lines: list[Line], name: str) -> None:
    """Remove a fact and what stands in its place: an instant and its companions are one question."""
    for line in lines:
        for other in _companions(name):
            line.attributes.pop(other, None)


def _companion_in(line: Line, name: str) -> bool:
    return any(other in line.attributes for other in _companions(name))


def _companions(name: str) -> tuple[str, ...]:
    stem = name
    for ending in ("_at", "_never", "_none"):
        if name.endswith(ending):
            stem = name.removesuffix(ending)
            return (f"{stem}_at", f"{stem}_never", f"{stem}_none")
    return (name,)
