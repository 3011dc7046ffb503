"""One statement that judges every check of one kind over a row set.

A verdict column holds a code (verdicts.Code) or NULL. NULL means that SQL did not decide: the fact is missing or
broken, or the rule uses something that SQL does not compute exactly. Judge those rows with the row engine
(judge.py), which tells unknown from error, applies `on_missing` and names what is missing. A code other than NULL
is the row engine's code.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlglot import exp

from policies.rules.checks import CompiledCheck
from policies.rules.schema import LINEAGE
from policies.rules.sql.binding import Binding
from policies.rules.sql.build import cast, column, switch, when
from policies.rules.sql.expression import SUBJECT, Compiler
from policies.rules.sql.rows import Row, with_joins
from policies.rules.tree import Node
from policies.rules.verdicts import Code

DIALECT = "postgres"
_TRUE, _FALSE = exp.true(), exp.false()


@dataclass(frozen=True)
class SqlCheck:
    """A check's parts as SQL, before they are put into a statement.

    `when` and `condition` are three-valued on proven lineage. `exact` false: some part is always left to the row
    engine.
    """

    when: exp.Expression
    condition: exp.Expression | None
    code: exp.Expression
    exact: bool


@dataclass(frozen=True)
class Statement:
    """A query with the columns `id` and `c0`, `c1`, ... in the order of the checks."""

    query: exp.Select
    checks: tuple[SqlCheck, ...]

    def sql(self) -> str:
        """Return the text for PostgreSQL. It holds no placeholders: execute it without parameters."""
        return self.query.sql(dialect=DIALECT)


def select_verdicts(checks: Sequence[CompiledCheck], binding: Binding, now: datetime) -> Statement:
    """Build the statement for checks of one kind. Raises ValueError where they are of several, or none are given.

    1. Compile every check; the rows of subject and lineages collect the columns that any of them reads.
    2. Select id and verdict codes from the subjects, joined with those columns, computed once per row.
    """
    kinds = {check.entity for check in checks}
    if len(kinds) != 1:
        names = ", ".join(sorted(kind.name for kind in kinds)) or "none"
        raise ValueError(f"expected checks of one kind, got {names}: build one statement per kind")
    parts = _Parts(checks[0], binding, now)
    compiled = tuple(parts.check(check) for check in checks)
    columns = [exp.alias_(column(SUBJECT, binding.id), "id", quoted=True)]
    columns += [
        exp.alias_(cast(check.code, "SMALLINT"), f"c{number_}", quoted=True) for number_, check in enumerate(compiled)
    ]
    subjects = binding.subjects.copy()
    source = subjects.subquery() if isinstance(subjects, exp.Select) else subjects
    source.set("alias", exp.TableAlias(this=exp.to_identifier(SUBJECT, quoted=True)))
    query = with_joins(exp.select(*columns).from_(source), parts.rows)
    return Statement(query, compiled)


class _Parts:
    """The rows that one statement shares, and the two compilers (proven and possible lineage) that fill them."""

    def __init__(self, sample: CompiledCheck, binding: Binding, now: datetime) -> None:
        self.binding = binding
        schema, entity = sample.schema, sample.entity
        subject = Row(entity, column(SUBJECT, binding.document), "a", now)
        proven, possible = (
            Row(schema.entity(LINEAGE), column(SUBJECT, name), alias, now) if name is not None else None
            for name, alias in ((binding.lineage, "l"), (binding.possible, "p"))
        )
        aliases = [0]
        self.proven = Compiler(schema, binding, now, subject, proven, aliases)
        self.possible = Compiler(schema, binding, now, subject, possible, aliases) if possible is not None else None
        self.rows = [row for row in (subject, proven, possible) if row is not None]

    def check(self, check: CompiledCheck) -> SqlCheck:
        """Compile one check; the same steps as judge.judge_in."""
        self.proven.exact = True
        when_, condition = self._rules(self.proven, check)
        code = _code(when_, condition)
        if self.possible is not None and check.uses.reads_lineage:
            # Nobody traced the possible lineage of this row: then the proven one alone counts.
            traced = exp.Is(this=column(SUBJECT, str(self.binding.possible)), expression=exp.Null())
            both = _combine(code, _code(*self._rules(self.possible, check)))
            code = when((traced, code), default=both)
        if check.condition is not None and check.condition.uses.reads_lineage:
            code = switch(code, *_with_pass(self._complete()))
        if self.binding.basis_possible is not None:
            possible = column(SUBJECT, self.binding.basis_possible)
            fail = when((possible, _byte(Code.UNKNOWN)), default=_byte(Code.FAIL))
            code = switch(code, *((_byte(each), fail if each is Code.FAIL else _byte(each)) for each in Code))
        return SqlCheck(when_, condition, code, self.proven.exact)

    def _rules(self, compiler: Compiler, check: CompiledCheck) -> tuple[exp.Expression, exp.Expression | None]:
        def compile_(node: Node) -> exp.Expression:
            return compiler.compile(node, {})

        return compile_(check.when.tree), compile_(check.condition.tree) if check.condition is not None else None

    def _complete(self) -> exp.Expression:
        if self.proven.lineage is None:
            return _byte(Code.UNKNOWN)
        complete = exp.Is(this=self.proven.lineage.field("complete"), expression=exp.true())
        return when((complete, _byte(Code.PASS)), default=_byte(Code.UNKNOWN))


def _byte(code: Code) -> exp.Expression:
    return exp.Literal.number(code.value)


def _code(when_: exp.Expression, condition: exp.Expression | None) -> exp.Expression:
    if condition is None:
        decided = _byte(Code.MANUAL)
    else:
        decided = switch(condition, (_TRUE, _byte(Code.PASS)), (_FALSE, _byte(Code.FAIL)))
    return switch(when_, (_TRUE, decided), (_FALSE, _byte(Code.NOT_APPLICABLE)))


def _combine(proven: exp.Expression, possible: exp.Expression) -> exp.Expression:
    """Return the convention `proven_and_possible`, as judge.combine does; an undecided side is left open."""
    branches = []
    for code in Code:
        if code in (Code.PASS, Code.NOT_APPLICABLE):
            held = [(_byte(each), _byte(code)) for each in (Code.PASS, Code.NOT_APPLICABLE, Code.MANUAL, Code.ERROR)]
            doubt = [(_byte(each), _byte(Code.UNKNOWN)) for each in (Code.FAIL, Code.UNKNOWN)]
            branches.append((_byte(code), switch(possible, *held, *doubt)))
        else:
            branches.append((_byte(code), _byte(code)))
    return switch(proven, *branches)


def _with_pass(passed: exp.Expression) -> list[tuple[exp.Expression, exp.Expression]]:
    return [(_byte(code), passed if code is Code.PASS else _byte(code)) for code in Code]
