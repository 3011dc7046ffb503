"""Turn pydantic's errors into problems with file, line, check, what, got, expected and next step."""

import difflib
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from policies.checklists.errors import Problem, show
from policies.checklists.schema import CheckForm, ChecklistForm, InlineTestForm, ParamForm
from policies.checklists.yaml_tree import Path, Tree

_KNOWN_KEYS = sorted(
    {*ChecklistForm.model_fields, *CheckForm.model_fields, *InlineTestForm.model_fields, *ParamForm.model_fields}
)
_NEXT_STEP: Mapping[str, str] = {
    "missing": "add it",
    "literal_error": "use one of them",
    "value_error": "change the entry so that it agrees",
}


def problems_of(error: ValidationError, tree: Tree) -> tuple[Problem, ...]:
    """Return one problem per place, in the order of the file; alternatives of one place are told together."""
    by_place: dict[Path, list[ErrorDetails]] = {}
    for row in error.errors(include_url=False):
        by_place.setdefault(_place(row, tree.value), []).append(row)
    problems = [_problem(place, rows, tree) for place, rows in by_place.items()]
    return tuple(sorted(problems, key=lambda problem: problem.line or 0))


def _place(row: ErrorDetails, value: Any) -> Path:
    """Cut off what pydantic adds to a path for the members of a union; keep the name of a key that is not there."""
    path: list[str | int] = []
    for part in row["loc"]:
        if isinstance(value, dict) and part in value:
            value = value[str(part)]
        elif isinstance(value, list) and isinstance(part, int) and part < len(value):
            value = value[part]
        else:
            return (*path, part) if row["type"] == "missing" else tuple(path)
        path.append(part)
    return tuple(path)


def _problem(place: Path, rows: Iterable[ErrorDetails], tree: Tree) -> Problem:
    rows = list(rows)
    first = rows[0]
    field = _field(place)
    expected = " or ".join(dict.fromkeys(_expected(row) for row in rows))
    return Problem(
        file=tree.file,
        line=tree.line_of(place),
        check=_check_id(place, tree.value),
        field=field,
        got=_got(first),
        expected=expected,
        next_step=_next_step(first, field),
    )


def _field(place: Path) -> str:
    """Name what is concerned: the last key, "entry 3 of tests" inside a list, "the checklist" at the top."""
    if not place:
        return "the checklist"
    last = place[-1]
    if isinstance(last, str):
        return last
    return "the entry" if len(place) == 2 else f"entry {last + 1} of {place[-2]}"


def _expected(row: ErrorDetails) -> str:
    if row["type"] == "missing":
        return "a value"
    if row["type"] == "extra_forbidden":
        return "a known key"
    if row["type"] == "string_pattern_mismatch":
        return f"text of the form {row['ctx']['pattern']}"
    return row["msg"].removeprefix("Value error, ").removeprefix("Input should be ").removeprefix("a valid ")


def _got(row: ErrorDetails) -> str:
    if row["type"] == "missing":
        return "nothing"
    if row["type"] == "extra_forbidden":
        return "this key"
    return "the entry as it stands" if isinstance(row["input"], dict) else show(row["input"])


def _next_step(row: ErrorDetails, field: str) -> str:
    if row["type"] == "extra_forbidden":
        near = difflib.get_close_matches(field, _KNOWN_KEYS, n=1)
        return f'did you mean "{near[0]}"?' if near and near[0] != field else "remove it, or move it where it belongs"
    return _NEXT_STEP.get(row["type"], "correct it; docs/checklists.md describes every key")


def _check_id(place: Path, value: Any) -> str | None:
    if len(place) < 2 or place[0] not in ("checks", "withdrawn"):
        return None
    entry = value[place[0]][place[1]]
    id_ = entry.get("id") if isinstance(entry, dict) else None
    return id_ if isinstance(id_, str) else f"{place[0]} no. {int(place[1]) + 1}"
