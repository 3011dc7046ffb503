"""What an export covered cannot be changed unseen: not in its files, not in the database, not with all rights there.

Each test makes an export, keeps its checkpoint outside, plays a superuser who edits one row, exports again, and
verifies the new export against the kept checkpoint with the command that anybody would use.
"""

import zipfile
from pathlib import Path

import psycopg
import pytest

from config.stack.embedded import Embedded
from tests.audit.exports.bundles import export, verify
from tests.support.cast import Cast
from tests.support.estate import judged_estate

pytestmark = pytest.mark.django_db(transaction=True)

EDITS = {
    "a statement's body": (
        "UPDATE accounts_statement SET body = jsonb_set(body, '{{role}}', '\"admin\"') WHERE id = {statement}",
        "{statement}",
    ),
    "who acted": ("UPDATE accounts_statement SET actor = 'member:somebody' WHERE id = {statement}", "{statement}"),
    "a deleted statement": ("DELETE FROM accounts_statement WHERE id = {statement}", "{statement}"),
    "a ledger entry": (
        "UPDATE audit_ledgerentry SET leaf_hash = sha256('x') WHERE statement = {statement}",
        "{statement}",
    ),
    "a deleted ledger entry": ("DELETE FROM audit_ledgerentry WHERE statement = {statement}", "{index}"),
    "a judged leaf": (
        """UPDATE policies_judgedleaf SET leaf = convert_to(replace(convert_from(leaf, 'UTF8'), 'fail', 'pass'), 'UTF8')
        WHERE statement = {evaluation}""",
        "{evaluation}",
    ),
}


@pytest.fixture
def kept(cast: Cast, tmp_path: Path) -> Path:
    """An export of an estate with a failing check; what is kept outside is the whole first bundle."""
    judged_estate(cast)
    return export(cast, tmp_path / "first.zip")


def test_an_untouched_export_verifies_alone_and_against_an_earlier_one(cast: Cast, kept: Path, tmp_path: Path) -> None:
    assert verify(kept) == (0, "")
    second = export(cast, tmp_path / "second.zip")
    assert verify(second, kept) == (0, "")


@pytest.mark.parametrize("edit", EDITS)
def test_an_edit_as_superuser_is_found_and_named(
    edit: str, cast: Cast, kept: Path, tmp_path: Path, stack: Embedded
) -> None:
    statement, named = EDITS[edit]
    with psycopg.connect(stack.superuser_url) as superuser:
        places = places_of(superuser)
        superuser.execute(statement.format(**{name: f"'{value}'" for name, value in places.items()}))
    code, said = verify(export(cast, tmp_path / "second.zip"), kept)
    assert code == 1
    assert named.format(**places) in said


def test_one_changed_byte_in_any_file_is_found_and_its_line_or_row_named(kept: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(kept) as bundle:
        names = bundle.namelist()
        content = {name: bundle.read(name) for name in names}
    for name in names:
        at = len(content[name]) // 2
        broken = bytearray(content[name])
        broken[at] ^= 1
        target = tmp_path / "broken.zip"
        with zipfile.ZipFile(target, "w") as bundle:
            for other in names:
                bundle.writestr(other, bytes(broken) if other == name else content[other])
        code, said = verify(target)
        assert code == 1, name
        assert f"{place(name, content[name][:at].count(LINE_END))}" in said, name


LINE_END = b"\n"


def place(name: str, line: int) -> str:
    """Return what must be named where the byte lies on this line, counted from 0."""
    if name.startswith("tables/") and name.endswith(".json"):
        return f"{name} row {line}"  # the array opens on the first line
    return f"{name} line {line + 1}" if name.endswith((".csv", ".ndjson", ".hashes")) else f"  {name}"


def test_a_changed_row_of_json_is_named_by_what_it_is_about(kept: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(kept) as bundle, zipfile.ZipFile(tmp_path / "broken.zip", "w") as broken:
        for name in bundle.namelist():
            content = bundle.read(name)
            if name == "tables/findings.json":
                content = content.replace(b'"state": "open"', b'"state": "0pen"', 1)
            broken.writestr(name, content)
    code, said = verify(tmp_path / "broken.zip")
    assert code == 1
    assert "tables/findings.json row 1 (dataset s3%3A%2F%2Flake/customers, SOV-" in said
    assert "state: got '0pen', expected 'open'" in said


def places_of(superuser: psycopg.Connection[tuple[object, ...]]) -> dict[str, object]:
    """Return a token's statement with its index in the ledger, and an evaluation that found a failure."""
    row = superuser.execute(
        "SELECT e.statement, e.index FROM audit_ledgerentry e JOIN accounts_statement s ON s.id = e.statement "
        "JOIN accounts_workspace w ON w.id = e.workspace_id "
        "WHERE s.action = 'accounts:token:created' AND w.slug = 'ours' ORDER BY e.index LIMIT 1"
    ).fetchone()
    judged = superuser.execute(
        "SELECT statement FROM policies_judgedleaf WHERE convert_from(leaf, 'UTF8') LIKE '%\"fail\"%' LIMIT 1"
    ).fetchone()
    assert row is not None
    assert judged is not None
    return {"statement": row[0], "index": row[1], "evaluation": judged[0]}
