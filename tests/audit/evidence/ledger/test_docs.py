"""docs/evidence.md says what is true: all problem codes, all files of a bundle, the sentence, the exit codes."""

import re
import zipfile
from pathlib import Path

from audit.evidence.ledger.bundle import FORMAT, SELF_SIGNED
from audit.evidence.ledger.report import Code
from tests.audit.evidence.ledger.estate import make_estate

DOC = Path(__file__).parents[4] / "docs" / "evidence.md"
TEXT = DOC.read_text(encoding="utf-8")


def table_after(heading: str) -> list[str]:
    """Return the first cells of the table under a heading."""
    section = TEXT.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    return re.findall(r"^\| `([^`]+)`", section, re.MULTILINE)


def test_every_problem_code_is_explained_and_no_other() -> None:
    assert table_after("Problem codes") == [str(code) for code in Code]


def test_every_file_of_a_bundle_is_explained(tmp_path: Path) -> None:
    explained = table_after("What is in a bundle")
    with zipfile.ZipFile(make_estate().export(tmp_path / "b.zip")) as archive:
        names = archive.namelist()
    for name in names:
        generic = re.sub(
            r"^lines/.*", "lines/<path>.hashes", re.sub(r"^proofs/.*proof$", "proofs/<statement id>.tlog-proof", name)
        )
        folder = f"{name.partition('/')[0]}/"
        assert generic in explained or folder in explained or f"`{name}`" in TEXT, name


def test_format_and_sentence_are_quoted_exactly() -> None:
    assert FORMAT in TEXT
    assert SELF_SIGNED in TEXT
