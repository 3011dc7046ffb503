"""docs/lineage.md says what the code does: every rule with its version, every error with its status."""

import re
from pathlib import Path

import pytest

from accounts.errors import AuditlineError
from lineage.events import errors
from lineage.events.free_text import FREE_TEXT
from lineage.events.receive import MAX_BATCH
from lineage.events.redact import rules
from lineage.urls import urlpatterns
from tests.support.openlineage import SHARED

ROOT = Path(__file__).resolve().parents[3]
DOCS = (ROOT / "docs" / "lineage.md").read_text()
SOURCES = "".join(
    path.read_text()
    for path in [*(ROOT / "lineage" / "events").glob("*.py"), ROOT / "accounts" / "journal" / "canonical" / "exact.py"]
)


def table(heading: str) -> dict[str, str]:
    """Return the first two columns of the table under a heading."""
    section = DOCS.split(f"# {heading}\n", 1)[1].split("\n#", 1)[0]
    return dict(re.findall(r"^\| `([^`]+)` \| (\d+) \|", section, re.MULTILINE))


def test_every_redaction_rule_is_described_with_its_version() -> None:
    assert table("Redaction") == {name: str(version) for name, version in rules()}


def test_every_place_of_free_text_is_named() -> None:
    section = DOCS.split("# Redaction\n", 1)[1].split("\n#", 1)[0].split("| facet | members |", 1)[1]
    rows = re.findall(r"^\| `([^`]+)` \| (.+) \|$", section, re.MULTILINE)
    assert {name: frozenset(re.findall(r"`(\w+)`", members)) for name, members in rows} == dict(FREE_TEXT)


@pytest.mark.skipif(not SHARED.is_dir(), reason=f"the specification is absent: no folder {SHARED}")
def test_every_facet_of_the_standard_has_its_row() -> None:
    standard = {
        name
        for path in (SHARED / "spec" / "facets").glob("*.json")
        for name in re.findall(r'^  "properties": \{\s*"(\w+)"', path.read_text(), re.MULTILINE)
    }
    assert len(standard) == 33, "38 facets, of which some have one name for jobs, datasets and runs"
    section = DOCS.split("| facet | of | becomes |", 1)[1].split("\n\n", 1)[0]
    told = {name for row in section.splitlines() for name in re.findall(r"`(\w+)`", row.split(" | ")[0])}
    assert standard - told == set()


def test_every_error_is_described_with_its_status() -> None:
    described = table("Errors")
    classes = [each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, AuditlineError)]
    raised = {each.code: str(each.status) for each in classes if each is not AuditlineError}
    refused = set(re.findall(r'code="(\w+)"', SOURCES)) | set(re.findall(r'"(json_\w+)"', SOURCES))
    assert described == dict.fromkeys(refused, "400") | raised | {"unavailable": "503"}


def test_the_paths_and_limits_named_exist() -> None:
    assert f"{MAX_BATCH:,} events" in DOCS
    known = {str(pattern.pattern) for pattern in urlpatterns}
    for path in re.findall(r"/api/v1/([a-z/-]+)", DOCS):
        assert any(each.startswith(path.rstrip("/")) for each in known), path
