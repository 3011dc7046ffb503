"""Every template compiles, says what context it needs, and stays inside the content security policy."""

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from django.template.loader import get_template

ROOT = Path(__file__).parents[3] / "audit/web"
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
OURS = [path for path in TEMPLATES if "allauth" not in path.parts]
NAMES = [str(path.relative_to(ROOT / "templates")) for path in TEMPLATES]
STATIC = ROOT / "static/auditline"
FORBIDDEN = {
    "inline style": re.compile(r"\sstyle\s*=|<style", re.I),
    "inline handler": re.compile(r"\son[a-z]+\s*=", re.I),
    "inline script": re.compile(r"<script(?![^>]*\bsrc=)", re.I),
    "script address": re.compile(r"javascript:", re.I),
    "something from elsewhere": re.compile(r"""(src|href)=["'](https?:)?//""", re.I),
}
SPRITE = ElementTree.parse(STATIC / "icons.svg")  # noqa: S314 - our own file
DRAWN = {symbol.attrib["id"] for symbol in SPRITE.iter("{http://www.w3.org/2000/svg}symbol")}


@pytest.mark.parametrize("name", NAMES)
def test_it_compiles(name: str) -> None:
    get_template(name)


@pytest.mark.parametrize("path", TEMPLATES, ids=NAMES)
@pytest.mark.parametrize("what", FORBIDDEN)
def test_it_holds_nothing_that_the_policy_forbids(path: Path, what: str) -> None:
    assert FORBIDDEN[what].findall(path.read_text()) == []


@pytest.mark.parametrize("path", OURS, ids=lambda path: path.name)
def test_it_says_what_it_is_and_what_context_it_needs(path: Path) -> None:
    assert "{% comment %}" in path.read_text()


def test_every_icon_that_is_named_is_drawn() -> None:
    named = {name for path in TEMPLATES for name in re.findall(r'\{% icon "(\w+)"', path.read_text())}
    named |= {name for path in TEMPLATES for name in re.findall(r'glyph="(\w+)"', path.read_text())}
    assert named - DRAWN == set()


def test_every_table_has_a_caption_and_scoped_heads() -> None:
    for path in OURS:
        text = path.read_text()
        assert text.count("<table") == text.count("<caption"), path
        assert re.findall(r"<th(?![^>]*scope=)[ >]", text) == [], path


def test_every_colour_comes_from_the_tokens() -> None:
    stray = {
        path.name: found
        for path in STATIC.glob("*.css")
        if path.name != "tokens.css"
        and (found := re.findall(r"#[0-9a-f]{3,8}\b", re.sub(r"light-dark\([^;]*;", "", path.read_text())))
    }
    assert stray == {"forms.css": ["#ffffff"], "print.css": ["#ffffff"]}  # a QR code and paper are white


def test_every_custom_property_that_is_used_is_defined() -> None:
    text = "".join(path.read_text() for path in STATIC.glob("*.css"))
    assert set(re.findall(r"var\((--[\w-]+)", text)) - set(re.findall(r"(--[\w-]+)\s*:", text)) == set()
