"""The seeded problems hold exactly: what the list says fails or is unknown, and nothing else does."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

import pytest
import yaml

from config.demo.generate import Manifest
from config.demo.problems import FILE, read_problems
from policies.checklists.compile import compile_checklist
from policies.checklists.read import shipped_checklists
from policies.rules.checks import Check, CompiledCheck, Param, compile_check
from policies.rules.judge import judge, judge_all
from policies.rules.verdicts import Code
from tests.config.demo.conftest import ANCHOR
from tests.config.demo.estate_reading import EstateReading

Made = tuple[Path, Manifest]
# What the first of these find follows from all of the estate: estate_lineage.py tells it. SOV-14: test_product.py.
WAITING = {"SOV-06", "SOV-11", "SOV-12", "SOV-14", "SOV-15", "SOV-16", "SEC-12"}
FAMILIES = {"SOV", "SEC", "SKL"}
CONTROLS = Path(__file__).parents[4] / "shared" / "content" / "controls"


@cache
def checks_in_force() -> Mapping[str, tuple[CompiledCheck, ...]]:
    """Return the automatic checks of the three families by kind."""
    by_kind: dict[str, list[CompiledCheck]] = {}
    for checklist in shipped_checklists():
        for name, compiled in compile_checklist(checklist).items():
            if compiled.condition is not None and name not in WAITING:
                by_kind.setdefault(compiled.check.kind, []).append(compiled)
    return {kind: tuple(checks) for kind, checks in by_kind.items()}


def verdicts(folder: Path, now: datetime) -> dict[tuple[str, str, str], str]:
    """Judge the whole estate; return what is neither passed nor not applicable, by check, kind and uid."""
    reading = EstateReading(folder, now)
    found = {}
    for kind, uid in reading.assets:
        checks = checks_in_force().get(kind, ())
        for compiled, verdict in zip(checks, judge_all(checks, reading.subject(kind, uid), now), strict=True):
            if verdict.code not in (Code.PASS, Code.NOT_APPLICABLE):
                found[compiled.check.id, kind, uid] = verdict.code.name.lower()
    return found


def listed(manifest: Manifest, days: float) -> dict[tuple[str, str, str], str]:
    """Return what the list expects `days` after the anchor."""
    return {
        (row.check, row.kind, row.uid): row.expected
        for row in manifest.expected
        if row.check.split("-")[0] in FAMILIES and (row.flips_in_days is None or row.flips_in_days < days)
    }


@pytest.mark.parametrize("days", [0.0, 3.5, 21.0])
def test_exactly_the_listed_problems_are_found(estate: Made, days: float) -> None:
    assert verdicts(estate[0], ANCHOR + timedelta(days=days)) == listed(estate[1], days)


def test_every_check_in_force_has_a_problem() -> None:
    named = {problem.check for problem in read_problems()}
    assert {compiled.check.id for checks in checks_in_force().values() for compiled in checks} <= named


def test_ids_are_unique_and_every_entry_is_planted_or_built_in() -> None:
    problems = read_problems()
    assert len({problem.id for problem in problems}) == len(problems)
    data = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    for row in (*data["problems"], *data["upcoming"]):
        assert ("plant" in row) != ("built_in" in row), row["id"]


def test_every_problem_names_an_asset_of_the_estate(estate: Made) -> None:
    reading = EstateReading(estate[0], ANCHOR)
    missing = [row for row in estate[1].expected if (row.kind, row.uid) not in reading.assets]
    assert missing == []


def test_bound_data_without_a_known_place_is_unknown_in_one_check_and_fails_the_other(estate: Made) -> None:
    uid = "sftp%3A%2F%2Ftransfer-gw%3A22/collateral.handover"
    document = EstateReading(estate[0], ANCHOR).assets["dataset", uid].document
    assert document["environment"] == "prod"
    assert document["residency_limited"]
    assert "country" not in document
    found = verdicts(estate[0], ANCHOR)
    assert found["SOV-04", "dataset", uid] == "unknown"
    assert found["SOV-07", "dataset", uid] == "fail"


@pytest.mark.skipif(not CONTROLS.exists(), reason="the catalogue of all families is not beside the checkout")
def test_problems_of_the_other_families_fail_the_checks_of_the_catalogue(estate: Made) -> None:
    checks = {}
    for path in sorted(CONTROLS.glob("*.yaml")):
        for row in yaml.safe_load(path.read_text(encoding="utf-8"))["controls"]:
            if row["type"] == "automatic":
                params = {name: Param(param["type"], param["default"]) for name, param in row["params"].items()}
                checks[row["id"]] = Check(row["id"], row["subject"], row["condition"], str(row["when"]), params)
    wrong = []
    readings: dict[float, EstateReading] = {}
    for row in estate[1].expected:
        if row.check.split("-")[0] in FAMILIES:
            continue
        days = 0.0 if row.flips_in_days is None else row.flips_in_days + 0.5
        if days not in readings:
            readings[days] = EstateReading(estate[0], ANCHOR + timedelta(days=days))
        subject = readings[days].subject(row.kind, row.uid)
        verdict = judge(compile_check(checks[row.check]), subject, readings[days].now)
        if verdict.code.name.lower() != row.expected:
            wrong.append((row.problem, verdict.code.name))
    assert wrong == []
