"""Tables are held against the sealed records: what older records do not say is named, what they say must stand."""

import datetime
import json
from dataclasses import replace
from pathlib import Path

import pytest

from accounts.cells import csv_text
from accounts.journal.canonical.batch import make_leaf
from accounts.paging import csv_lines
from audit.evidence.ledger.report import Report
from audit.evidence.ledger.verify import verify_bundle
from tests.audit.evidence.ledger.estate import Estate

VERDICTS = ["kind", "uid", "check", "verdict", "stale", "waived", "grade"]
POSTURE = ["family", "check", "pass", "fail", "unknown", "error", "not_applicable", "manual", "passed", "stale"]
POSTURE += ["waived", "applicable", "pass_rate", "known_rate", "grade"]
FINDINGS = ["id", "check", "family", "severity", "state", "kind", "uid", "grade", "due_at", "reopened", "statement"]
TICKETS = ["id", "number", "title", "state", "severity", "check", "finding", "assignee", "due_at"]
Row = dict[str, object]

PASS: Row = {
    "kind": "dataset", "uid": "=orders", "check": "SOV-04", "verdict": "pass", "stale": False, "waived": False,
    "grade": "B",
}  # fmt: skip
COUNT: Row = dict.fromkeys(POSTURE, 0) | {
    "family": "SOV", "check": "SOV-04", "pass": 1, "passed": 1, "applicable": 1, "pass_rate": 1.0, "known_rate": 1.0,
    "grade": "B",
}  # fmt: skip
# Bodies of the first content, as they were sealed before they said every column.
SAID: Row = {
    "finding": "f1", "check": "SOV-04", "kind": "dataset", "uid": "=orders", "state": "resolved",
    "severity": "critical", "due_at": "2026-12-01T00:00:00Z", "evaluation": "e1", "transition": "t1",
}  # fmt: skip
FINDING: Row = {
    "id": "f1", "check": "SOV-04", "family": "SOV", "severity": "critical", "state": "resolved", "kind": "dataset",
    "uid": "=orders", "grade": "B", "due_at": "2026-12-01T00:00:00Z", "reopened": 0, "statement": "e1",
}  # fmt: skip
TICKET: Row = {
    "id": "w1", "number": 7, "title": "SOV-04: orders", "state": "open", "severity": "critical", "check": "SOV-04",
    "finding": "f1", "assignee": "auditor@ours.example", "due_at": "2026-11-20T23:59:59Z",
}  # fmt: skip


def change(to: str, byte: int, grade: str) -> list[bytes]:
    said = {"check": "SOV-04", "from": "fail", "to": to, "byte": byte, "stale": False, "grade": grade}
    return [make_leaf({"asset": {"kind": "dataset", "uid": "=orders"}, "changes": [said]}, salt=bytes(16))]


def older_estate() -> Estate:
    """Return a failed and then passed check with its finding and ticket, in bodies of the first content."""
    estate = Estate()
    estate.record(1, "policies:checklist:evaluated", {"cause": "change"}, change("fail", 2, "A"))
    estate.record(2, "audit:findings:raised", {"findings": [SAID | {"state": "open"}]})
    ticket = {"ticket": "w1", "number": 7, "finding": "f1", "what": "opened", "due_at": "2026-12-01T00:00:00Z"}
    estate.record(3, "audit:tickets:changed", {"tickets": [ticket]})
    for number, what, detail in [(4, "due date set", "2026-11-20"), (5, "assigned", "auditor@ours.example")]:
        estate.record(number, "audit:ticket:assigned", {"ticket": "w1", "what": what, "detail": detail})
    estate.record(6, "policies:checklist:evaluated", {"cause": "change"}, change("pass", 1, "B"))
    estate.record(7, "audit:findings:raised", {"findings": [SAID]})
    estate.publish()
    return estate


def verified(estate: Estate, folder: Path, **changed: list[Row]) -> Report:
    """Verify the estate with its honest tables, but for those that are given."""
    tables = {"verdicts": [PASS], "posture": [COUNT], "findings": [FINDING], "tickets": [TICKET]} | changed
    columns = {"verdicts": VERDICTS, "posture": POSTURE, "findings": FINDINGS, "tickets": TICKETS}
    files = {f"{name}.csv": [line.encode() for line in csv_lines(columns[name], rows)] for name, rows in tables.items()}
    return verify_bundle(estate.export(folder / "b.zip", tables=files, compact=True))


def found(report: Report) -> list[tuple[str, str]]:
    return [(str(each.code), each.record) for each in report.problems]


def test_what_older_bodies_say_is_compared_and_the_limit_is_said_in_words(tmp_path: Path) -> None:
    report = verified(older_estate(), tmp_path)
    assert report.ok, report.as_text()
    assert report.checked["table rows"] == 4
    said = report.as_text()
    assert "1 finding(s) of older statements, which do not say all columns" in said
    assert "1 ticket(s) of older statements, which do not say all columns" in said


@pytest.mark.parametrize(
    ("table", "row", "problem"),
    [
        ("verdicts", PASS | {"verdict": "fail"}, ("table_row_changed", "row 1 (dataset '=orders, SOV-04)")),
        ("verdicts", PASS | {"grade": "A"}, ("table_row_changed", "row 1 (dataset '=orders, SOV-04)")),
        ("posture", COUNT | {"pass": 2}, ("table_row_changed", "row 1 (SOV-04)")),
        ("posture", COUNT | {"known_rate": 0.5}, ("table_row_changed", "row 1 (SOV-04)")),
        ("findings", FINDING | {"state": "open"}, ("table_row_changed", "row 1 (dataset '=orders, SOV-04)")),
        ("findings", FINDING | {"statement": "e2"}, ("table_row_changed", "row 1 (dataset '=orders, SOV-04)")),
        ("tickets", TICKET | {"state": "closed"}, ("table_row_changed", "row 1 (T-7)")),
        ("tickets", TICKET | {"due_at": "2026-12-01T00:00:00Z"}, ("table_row_changed", "row 1 (T-7)")),
        ("tickets", TICKET | {"assignee": ""}, ("table_row_changed", "row 1 (T-7)")),
        ("tickets", TICKET | {"severity": "low"}, ("table_row_changed", "row 1 (T-7)")),
    ],
)
def test_a_row_that_says_other_is_named(table: str, row: Row, problem: tuple[str, str], tmp_path: Path) -> None:
    assert (problem[0], f"tables/{table}.csv {problem[1]}") in found(
        verified(older_estate(), tmp_path, **{table: [row]})
    )


@pytest.mark.parametrize(
    ("table", "row", "about"),
    [
        ("verdicts", PASS, "dataset '=orders, SOV-04"),
        ("posture", COUNT, "SOV-04"),
        ("findings", FINDING, "dataset '=orders, SOV-04"),
        ("tickets", TICKET, "T-7"),
    ],
)
def test_a_row_that_is_not_there_or_stands_twice_is_named(table: str, row: Row, about: str, tmp_path: Path) -> None:
    path = f"tables/{table}.csv"
    assert ("table_row_missing", f"{path} ({about})") in found(verified(older_estate(), tmp_path, **{table: []}))
    twice = found(verified(older_estate(), tmp_path, **{table: [row, row]}))
    assert ("table_row_unknown", f"{path} row 2 ({about})") in twice


def test_what_is_no_longer_judged_must_have_no_row(tmp_path: Path) -> None:
    estate = older_estate()
    estate.record(8, "policies:checklist:evaluated", {"cause": "change"}, change("not_judged", 0, ""))
    estate.publish()
    assert ("table_row_unknown", "tables/verdicts.csv row 1 (dataset '=orders, SOV-04)") in found(
        verified(estate, tmp_path)
    )
    assert verified(estate, tmp_path, verdicts=[], posture=[]).ok


def test_the_newest_record_counts_also_where_it_was_sealed_before_an_older_one(tmp_path: Path) -> None:
    estate = older_estate()
    estate.record(8, "policies:checklist:evaluated", {"cause": "change"}, change("fail", 2, "A"))
    late = next(row for row in estate.statements.values() if row.revision == 8)
    estate.statements[late.id] = replace(late, revision=0)  # made before all others
    estate.reseal()
    assert verified(estate, tmp_path).ok


def test_a_bundle_without_the_rule_is_older_and_says_so(tmp_path: Path) -> None:
    report = verify_bundle(older_estate().export(tmp_path / "b.zip"))
    assert report.ok
    assert "older than the rule that its tables follow from its ledger" in report.as_text()


def test_the_json_of_a_table_must_say_what_its_csv_says(tmp_path: Path) -> None:
    files = {"sources.csv": [b"id,silent\r\n", b"s1,false\r\n", b"s2,false\r\n"]}
    for second, named in [(False, []), (True, [("table_row_changed", "tables/sources.json row 2 (s2)")])]:
        rows = [{"id": "s1", "silent": False}, {"id": "s2", "silent": second}]
        text = "[\n" + ",\n".join(json.dumps(row, sort_keys=True) for row in rows) + "\n]\n"
        estate = Estate()
        estate.publish()
        tables = {**files, "sources.json": [text.encode()]}
        bundle = estate.export(tmp_path / f"{second}.zip", tables=tables, compact=True)
        assert found(verify_bundle(bundle)) == named


def test_an_instant_is_the_same_text_in_a_statement_and_in_a_cell() -> None:
    moment = datetime.datetime(2026, 11, 1, 12, 0, 0, 120, tzinfo=datetime.UTC)
    assert csv_text(moment) == "2026-11-01T12:00:00.000120Z"
