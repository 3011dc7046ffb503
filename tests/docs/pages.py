"""Read a page of the documentation: its sections, tables and fenced blocks."""

import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@cache
def text(page: str) -> str:
    """Return a page under docs/."""
    return (ROOT / "docs" / page).read_text()


def section(page: str, heading: str) -> str:
    """Return what stands under a heading, up to the next one of the same or a higher level."""
    found = re.search(rf"^(#+) {re.escape(heading)}\n(.*?)(?=^#{{1,2}} |\Z)", text(page), re.MULTILINE | re.DOTALL)
    assert found, f"docs/{page} has no section {heading!r}"
    return found[2]


def rows(part: str) -> list[list[str]]:
    """Return the cells of every table row, headings and rules left out; a pipe inside of a cell is written `\\|`."""
    lines = [line for line in part.splitlines() if line.startswith("|")]
    found = [[cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]
    ruled = {index for index, cells in enumerate(found) if all(re.fullmatch(r":?-+:?", cell) for cell in cells)}
    return [cells for index, cells in enumerate(found) if not {index, index + 1} & ruled]


def code(cell: str) -> str:
    """Return what a cell holds between backticks; spaces count."""
    match = re.match(r"`([^`]*)`", cell)
    assert match, f"expected code in {cell!r}"
    return match[1]


def blocks(part: str, language: str) -> list[str]:
    """Return the fenced blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", part, re.MULTILINE | re.DOTALL)


def anchors(page: str) -> set[str]:
    """Return the anchors of a page's headings, as they are made of headings of plain words."""
    return {
        re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-")
        for heading in re.findall(r"^#+ (.+)$", text(page), re.MULTILINE)
    }
