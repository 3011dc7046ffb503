"""Run the inline tests of a checklist through the rules: a version is published only if all of them hold.

Done at every load, so that a change of the engines, too, is held against what the checks say about themselves.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from lineage.inventory.kinds.load import load_vocabulary
from lineage.inventory.kinds.types import Vocabulary
from policies.checklists.checks import Checklist, InlineTest
from policies.checklists.compile import compile_checklist
from policies.checklists.errors import ChecklistRefused, Problem
from policies.checklists.facts import fact_problems
from policies.checklists.try_sql import UNDECIDED, Cursor, Posed, sql_verdicts
from policies.rules.facts import Member, Subject
from policies.rules.judge import judge
from policies.rules.schema import Schema, schema_in_force, schema_of


@dataclass(frozen=True)
class TestResult:
    """What one inline test gave. `number` counts from 1 inside its check; `sql` is None where SQL was not asked."""

    __test__: ClassVar[bool] = False  # pytest collects classes by this prefix

    check: str
    number: int
    why: str | None
    expected: str
    got: str
    row: str
    sql: str | None = None

    @property
    def agrees(self) -> bool:
        """Whether SQL gives what the row engine gives, or leaves it to the row engine."""
        return self.sql in (None, UNDECIDED, self.row)

    @property
    def ok(self) -> bool:
        """Whether the row engine gives what was expected and SQL agrees."""
        return self.got == self.expected and self.agrees


def run_inline_tests(
    checklist: Checklist, schema: Schema | None = None, cursor: Cursor | None = None
) -> list[TestResult]:
    """Judge every inline test in the row engine and, given a cursor, in SQL.

    Raises ChecklistRefused for a rule that does not compile, never for a test that fails.
    """
    compiled = compile_checklist(checklist, schema or schema_in_force())
    posed = [
        Posed((check.id, number), compiled[check.id], test, subject_of(test))
        for check in checklist.checks
        for number, test in enumerate(check.tests, start=1)
    ]
    by_sql = {} if cursor is None else sql_verdicts(posed, cursor)
    return [_result(each, by_sql.get(each.trial)) for each in posed]


def try_checklist(
    checklist: Checklist, vocabulary: Vocabulary | None = None, cursor: Cursor | None = None
) -> list[TestResult]:
    """Return the results of a checklist that may be published. Raises ChecklistRefused with every reason against it.

    1. The tests speak of facts of the vocabulary, in the form in which documents keep them.
    2. All rules compile.
    3. Every test gives its expected verdict, and both engines agree. `cursor`: any connection to our PostgreSQL.
    """
    vocabulary = vocabulary or load_vocabulary()
    if problems := fact_problems(checklist, vocabulary):
        raise ChecklistRefused(problems)
    results = run_inline_tests(checklist, schema_of(vocabulary), cursor)
    if failed := tuple(_problem(checklist, result) for result in results if not result.ok):
        raise ChecklistRefused(failed)
    return results


def subject_of(test: InlineTest) -> Subject:
    """Return the asset of a test as the engines see it."""
    related = {
        name: [Member(f"{name}-{number}", facts) for number, facts in enumerate(members, start=1)]
        for name, members in test.related.items()
    }
    possible: Mapping[str, object] | None = None
    if test.possible is not None and test.lineage is not None:
        possible = {**test.lineage, **test.possible}
    return Subject(test.asset, frozenset(test.related), related, test.lineage, possible)


def _result(posed: Posed, sql: str | None) -> TestResult:
    """Compare as much as the test says: the verdict always, the reason and the missing paths where it names them."""
    test = posed.test
    verdict = judge(posed.compiled, posed.subject, test.now)
    row = verdict.code.name.lower()
    expected, got = str(test.expect), row
    if test.reason is not None:
        expected, got = f"{expected} ({test.reason})", f"{got} ({verdict.reason or 'no reason'})"
    if test.missing:
        expected = f"{expected}, missing {', '.join(sorted(test.missing))}"
        got = f"{got}, missing {', '.join(sorted(verdict.missing)) or 'nothing'}"
    return TestResult(*posed.trial, test.why, expected, got, row, sql)


def _problem(checklist: Checklist, result: TestResult) -> Problem:
    field = f"test {result.number}" + (f" ({result.why})" if result.why else "")
    if not result.agrees:
        got = f"{result.row} from the row engine and {result.sql} from SQL"
        return Problem(checklist.family, None, result.check, field, got, "the same from both", "report this rule to us")
    step = "correct the condition, or what the test expects"
    return Problem(checklist.family, None, result.check, field, result.got, result.expected, step)
