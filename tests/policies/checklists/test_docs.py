"""docs/checklists.md describes every key of the file, and its example holds."""

import re
from pathlib import Path

import pytest
from pydantic import BaseModel

from policies.checklists.read import parse_checklist, read_checklist, shipped_checklists
from policies.checklists.schema import CheckForm, ChecklistForm, InlineTestForm
from policies.checklists.try_tests import try_checklist
from tests.policies.checklists.support import FILE

ROOT = Path(__file__).resolve().parents[3]
DOCS = (ROOT / "docs/checklists.md").read_text()

SKETCH = """\
family: DOC
title: "Example of the documentation"
answers: "Whether it holds."
version: 1
checks:
  - id: DOC-01
    slot: 0
    question: "Are machine logins that are unused or have old keys removed or renewed?"
    type: automatic
    severity: high
    basis: house
    subject: identity
    sources: [inventory]
    best_grade: A
    freshness: 30d
    when: "asset.subtype == 'service'"
    condition: "asset.last_used_age_days <= 90 && asset.key_age_days <= 90"
    params: {}
    remediation: "Renew it."
    frameworks: {}
"""


def section(title: str) -> str:
    return DOCS.split(f"\n## {title}\n")[1].split("\n## ")[0]


@pytest.mark.parametrize(
    ("title", "form"), [("The file", ChecklistForm), ("A check", CheckForm), ("Tests", InlineTestForm)]
)
def test_every_key_is_described_and_no_other(title: str, form: type[BaseModel]) -> None:
    rows = [line.split("|")[1] for line in section(title).splitlines() if line.startswith("| `")]
    assert {key for row in rows for key in re.findall(r"`([a-z_]+)`", row)} == form.model_fields.keys()


def test_required_keys_are_marked() -> None:
    rows = [line.split("|") for line in section("A check").splitlines() if line.startswith("| `")]
    marked = {key for row in rows if row[2].strip() == "required" for key in re.findall(r"`([a-z_]+)`", row[1])}
    assert marked == {name for name, field in CheckForm.model_fields.items() if field.is_required()}


def test_the_example_of_tests_holds() -> None:
    (example,) = re.findall(r"```yaml\n(.*?)```", DOCS, re.S)
    indented = "".join(f"    {line}\n" for line in example.splitlines())
    assert len(try_checklist(parse_checklist((SKETCH + indented).encode(), FILE))) == 4


def test_the_example_of_reading_holds() -> None:
    (path,) = re.findall(r'read_checklist\(Path\("(.*?)"\)\)', DOCS)
    assert read_checklist(ROOT / path) in shipped_checklists()
