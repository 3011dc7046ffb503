"""The README names commands, options and pages that exist."""

import re
from pathlib import Path

from django.core.management import get_commands, load_command_class

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "README.md").read_text()


def test_every_command_and_its_options_exist() -> None:
    lines = re.findall(r"manage\.py (\w+)([^\n]*)", TEXT)
    assert lines
    for name, rest in lines:
        parser = load_command_class(get_commands()[name], name).create_parser("manage.py", name)
        known = {option for action in parser._actions for option in action.option_strings}
        assert set(re.findall(r"--[a-z]+", rest)) <= known, name


def test_every_make_target_exists() -> None:
    targets = re.findall(r"^([a-z0-9%-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    named = set(re.findall(r"\bmake ([a-z0-9-]+)", TEXT))
    assert named
    for name in named:
        assert any(re.fullmatch(target.replace("%", "(.+)"), name) for target in targets), name


def test_each_producer_that_is_driven_has_its_packages_and_its_section() -> None:
    driven = {path.stem.removeprefix("test_") for path in (ROOT / "tests" / "producers").glob("test_*.py")}
    locked = {path.stem.removeprefix("requirements-") for path in (ROOT / "tests" / "producers").glob("*.lock")}
    assert driven == locked == set(re.findall(r"`make e2e-(\w+)`", TEXT))
    assert driven <= {heading.lower() for heading in re.findall(r"^### (\w+)", TEXT, re.MULTILINE)}


def test_every_page_that_is_linked_exists() -> None:
    links = re.findall(r"\]\(([^)]+)\)", TEXT)
    assert links
    headings = {f"#{heading.lower().replace(' ', '-')}" for heading in re.findall(r"^#+ (.+)$", TEXT, re.MULTILINE)}
    assert [link for link in links if link not in headings and not (ROOT / link).exists()] == []
