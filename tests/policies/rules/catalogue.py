"""The checks that tests judge: the shared controls and a way to write one's own."""

from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from policies.rules.checks import Check, CompiledCheck, Param, compile_check

NOW = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)
CONTROLS = Path(__file__).parents[4] / "shared" / "content" / "controls"


def control_files() -> list[Path]:
    """Return the shared control files; skips the test, saying so, where the folder is absent."""
    if not CONTROLS.is_dir():
        pytest.skip("../shared/content/controls does not lie beside this checkout")
    return sorted(CONTROLS.glob("*.yaml"))


@cache
def controls() -> dict[str, Check]:
    """Return every shared control by id, parameters at their defaults."""
    rows = [row for file in control_files() for row in yaml.safe_load(file.read_text())["controls"]]
    return {row["id"]: _check(row) for row in rows}


def _check(row: dict[str, Any]) -> Check:
    return Check(
        id=row["id"],
        kind=row["subject"],
        condition=row.get("condition"),
        when="true" if row["when"] is True else row["when"],
        params={name: Param(param["type"], param["default"]) for name, param in row["params"].items()},
        on_missing=row.get("on_missing", "unknown"),
    )


@cache
def compiled_controls() -> dict[str, CompiledCheck]:
    """Return every shared control, compiled."""
    return {id_: compile_check(check) for id_, check in controls().items()}


def rule(condition: str, kind: str = "dataset", when: str = "true", **params: Param) -> CompiledCheck:
    """Compile a check of one's own."""
    return compile_check(Check("TEST-01", kind, condition, when, params))
