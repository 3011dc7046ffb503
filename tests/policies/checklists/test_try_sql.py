"""The database gives every inline test the verdict of the row engine, or leaves it to the row engine."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import psycopg
import pytest

from config.stack.embedded import Embedded
from policies.checklists.checks import Checklist
from policies.checklists.compile import compile_checklist
from policies.checklists.errors import ChecklistRefused
from policies.checklists.read import shipped_checklists
from policies.checklists.try_sql import UNDECIDED, Posed, sql_verdicts
from policies.checklists.try_tests import run_inline_tests, subject_of, try_checklist
from policies.rules.judge import judge
from tests.policies.checklists.support import small


@pytest.fixture(scope="module")
def cursor(stack: Embedded) -> Iterator[psycopg.Cursor[Any]]:
    with psycopg.connect(stack.app_url) as connection, connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION READ ONLY")
        yield cursor


each_checklist = pytest.mark.parametrize("checklist", shipped_checklists(), ids=lambda checklist: checklist.family)


@each_checklist
def test_both_engines_agree_on_every_shipped_test(checklist: Checklist, cursor: psycopg.Cursor[Any]) -> None:
    results = try_checklist(checklist, cursor=cursor)
    assert all(result.sql is not None for result in results)


@each_checklist
def test_sql_decides_whatever_can_be_decided(checklist: Checklist, cursor: psycopg.Cursor[Any]) -> None:
    """A row that SQL leaves to the row engine costs a thousand times as much: only missing facts may do that."""
    results = run_inline_tests(checklist, cursor=cursor)
    left = [(result.check, result.number, result.row) for result in results if result.sql == UNDECIDED]
    assert [each for each in left if each[2] != "unknown"] == []


@each_checklist
def test_both_engines_agree_on_every_check_over_every_test_of_its_kind(
    checklist: Checklist, cursor: psycopg.Cursor[Any]
) -> None:
    """Each check judges the assets of all other checks, too: facts that it never named, and many missing ones."""
    compiled = compile_checklist(checklist)
    tests = [(check.subject, test) for check in checklist.checks for test in check.tests]
    posed = [
        Posed((check.id, number), compiled[check.id], test, subject_of(test))
        for check in checklist.checks
        for number, (kind, test) in enumerate(tests, start=1)
        if kind == check.subject
    ]
    found = sql_verdicts(posed, cursor)
    rows = {each.trial: judge(each.compiled, each.subject, each.test.now).code.name.lower() for each in posed}
    assert {trial: (sql, rows[trial]) for trial, sql in found.items() if sql not in (UNDECIDED, rows[trial])} == {}
    assert len(found) == len(posed)


def test_tests_with_different_nows_are_asked_apart(cursor: psycopg.Cursor[Any]) -> None:
    checklist = small(old="- expect: fail", new='- expect: fail\n        now: "2027-03-01T00:00:00Z"')
    assert [result.sql for result in try_checklist(checklist, cursor=cursor)] == [
        "pass",
        "fail",
        UNDECIDED,
        "not_applicable",
        "manual",
    ]


def test_quotes_and_backslashes_in_facts_stay_facts(cursor: psycopg.Cursor[Any]) -> None:
    name = "it's \\\\ {} %s $1 \\\" --"
    checklist = small(old="asset: {subtype: service}", new=f'asset: {{subtype: "{name}"}}')
    assert checklist.checks[0].tests[3].asset["subtype"] == "it's \\ {} %s $1 \" --"
    assert all(result.ok for result in try_checklist(checklist, cursor=cursor))


class Contrary:
    """A database that says pass to everything: what a defect of the compiler would look like."""

    def __init__(self) -> None:
        self.asked = ""

    def execute(self, query: str) -> object:
        self.asked = query
        return None

    def fetchall(self) -> Sequence[Any]:
        return [(f"DEM-0{check} {number}", 1, 1) for check in (1, 2) for number in range(1, 6)]


def test_engines_that_differ_refuse_the_checklist() -> None:
    with pytest.raises(ChecklistRefused) as caught:
        try_checklist(small(), cursor=Contrary())
    assert "DEM-01, test 2: got fail from the row engine and pass from SQL, expected the same" in str(caught.value)


def test_a_result_that_sql_contradicts_is_not_ok() -> None:
    result = run_inline_tests(small())[0]
    assert result.ok
    assert replace(result, sql=UNDECIDED).ok
    assert not replace(result, sql="fail").ok
