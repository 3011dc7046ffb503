"""Ask the database for the verdicts of inline tests, with the statement that judges real assets.

The tests stand in as row sets of the query itself (`WITH ... jsonb_to_recordset`): nothing is written and no table is
read, so a role that may only read is enough, and no workspace has to be entered.
"""

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

from sqlglot import exp

from policies.checklists.checks import InlineTest
from policies.rules.checks import CompiledCheck
from policies.rules.facts import Subject
from policies.rules.sql.binding import Binding
from policies.rules.sql.build import alias_columns, call, cast, text
from policies.rules.sql.select import DIALECT, select_verdicts
from policies.rules.verdicts import Code

SUBJECTS, RELATIONS, ASSETS = "test_subject", "test_relation", "test_asset"
UNDECIDED = "undecided"
"""SQL left the row to the row engine, as it does wherever a fact is missing."""

Trial: TypeAlias = tuple[str, int]
"""An inline test: id of its check and number, from 1."""


class Cursor(Protocol):
    """A cursor of psycopg or of Django."""

    def execute(self, query: str) -> object:
        """Run a statement without parameters."""
        ...

    def fetchall(self) -> Sequence[Any]:
        """Return its rows."""
        ...


@dataclass(frozen=True)
class Posed:
    """A test with the subject that it stands for."""

    trial: Trial
    compiled: CompiledCheck
    test: InlineTest
    subject: Subject


def sql_verdicts(posed: Iterable[Posed], cursor: Cursor) -> Mapping[Trial, str]:
    """Return what SQL says of each test: the name of the verdict, or UNDECIDED. One statement per kind and `now`."""
    groups: dict[tuple[str, object], list[Posed]] = defaultdict(list)
    for each in posed:
        groups[each.compiled.entity.name, each.test.now].append(each)
    found: dict[Trial, str] = {}
    for group in groups.values():
        found |= _ask(group, cursor)
    return found


def _ask(group: Sequence[Posed], cursor: Cursor) -> Mapping[Trial, str]:
    checks = list({each.compiled.check.id: each.compiled for each in group}.values())
    places = {check.check.id: place for place, check in enumerate(checks, start=1)}
    cursor.execute(_statement(group, checks))
    rows = {row[0]: row for row in cursor.fetchall()}
    return {each.trial: _name(rows[_key(each)][places[each.compiled.check.id]]) for each in group}


def _name(code: int | None) -> str:
    return UNDECIDED if code is None else Code(code).name.lower()


def _key(posed: Posed) -> str:
    return f"{posed.trial[0]} {posed.trial[1]}"


def _statement(group: Sequence[Posed], checks: Sequence[CompiledCheck]) -> str:
    binding = Binding(exp.to_table(SUBJECTS), RELATIONS, ASSETS, lineage="lineage", possible="possible")
    query = select_verdicts(checks, binding, group[0].test.now).query
    for name, columns, rows in _row_sets(group):
        query = query.with_(name, as_=_records(columns, rows), copy=False)
    return query.sql(dialect=DIALECT)


def _row_sets(group: Sequence[Posed]) -> Iterable[tuple[str, Mapping[str, str], Collection[Mapping[str, Any]]]]:
    """Yield name, columns and rows of what the statement reads, in the shape of the real tables."""
    subjects, relations, assets = [], [], []
    for each in group:
        key, subject = _key(each), each.subject
        subjects.append(
            {
                "id": key,
                "document": subject.document,
                "known_relations": sorted(subject.known_relations),
                "lineage": subject.lineage,
                "possible": subject.possible,
            }
        )
        for name, members in subject.related.items():
            for member in members:
                id_ = f"{key} {member.id}"
                relations.append({"from_asset_id": key, "name": name, "to_asset_id": id_, "rev_to": None})
                assets.append({"id": id_, "document": member.document})
    json_, text_ = "JSONB", "TEXT"
    facts = {"document": json_, "known_relations": json_, "lineage": json_, "possible": json_}
    yield SUBJECTS, {"id": text_} | facts, subjects
    yield RELATIONS, {"from_asset_id": text_, "name": text_, "to_asset_id": text_, "rev_to": "BIGINT"}, relations
    yield ASSETS, {"id": text_, "document": json_}, assets


def _records(columns: Mapping[str, str], rows: Collection[Mapping[str, Any]]) -> exp.Select:
    """Return the rows as a query. Rows travel as one JSON literal, so no value is ever a part of the statement."""
    records = call("jsonb_to_recordset", cast(text(json.dumps(list(rows))), "JSONB"))
    table = exp.Table(this=records, alias=alias_columns("r", list(columns.items())))
    return exp.select("*").from_(table)
