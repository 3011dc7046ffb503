"""The import contract inside of slices names modules that exist: a misspelt one would bind nothing."""

import re
import tomllib

from tests.docs.pages import ROOT

NAME = "Inside a slice: doors > steps > reads > rows"
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]


def test_every_module_of_the_contract_exists_in_a_slice() -> None:
    [contract] = [each for each in CONTRACTS if each["name"] == NAME]
    named = re.findall(r"\((\w+)\)", " ".join(contract["layers"]))
    assert len(named) == len(set(named))
    apps = [container.removesuffix(".*") for container in contract["containers"] if container.endswith(".*")]
    assert apps == ["accounts", "lineage", "policies", "audit"]
    found = {path.stem for app in apps for path in (ROOT / app).glob("*/*")}
    assert [name for name in named if name not in found] == []


def test_every_room_inside_a_slice_that_has_a_door_of_its_own_is_bound_too() -> None:
    [contract] = [each for each in CONTRACTS if each["name"] == NAME]
    bound = {container for container in contract["containers"] if not container.endswith(".*")}
    doors = [path for app in ("accounts", "lineage", "policies", "audit") for path in (ROOT / app).glob("*/*/api.py")]
    assert bound == {".".join(path.parent.relative_to(ROOT).parts) for path in doors}


def test_every_step_that_the_flow_names_is_bound_by_it() -> None:
    [contract] = [each for each in CONTRACTS if each["name"] == NAME]
    named = set(re.findall(r"\((\w+)\)", " ".join(contract["layers"])))
    flow = (ROOT / "docs" / "flow.md").read_text()
    steps = set(re.findall(r"`\w+/\w+/(\w+)\.py`", flow))
    assert len(steps) >= 8
    assert steps <= named
