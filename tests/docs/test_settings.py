"""docs/settings.md names each variable that the code reads, and no other."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
READERS = re.compile(
    r'\b(?:env\.)?(?:text|flag|number|words|networks|broker)\("([A-Z][A-Z_]+)"|environ\.get\("([A-Z][A-Z_]+)"'
)


def test_every_variable_is_documented() -> None:
    read: set[str] = set()
    for folder in ("config", "accounts", "lineage", "policies", "audit"):
        for path in (ROOT / folder).rglob("*.py"):
            read |= {one or two for one, two in READERS.findall(path.read_text())}
    documented = set(re.findall(r"^\| `([A-Z_]+)`", (ROOT / "docs/settings.md").read_text(), re.MULTILINE))
    assert documented == read
