"""Subjects as rows: the tables that a compiled statement reads, filled and asked."""

import json
import uuid
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from psycopg import Connection
from sqlglot import exp

from policies.rules.checks import CompiledCheck
from policies.rules.facts import Subject
from policies.rules.sql.binding import Binding
from policies.rules.sql.select import select_verdicts

TABLES = """
CREATE TEMP TABLE IF NOT EXISTS lineage_asset (
    id uuid PRIMARY KEY, is_subject boolean, document jsonb, known_relations jsonb,
    lineage jsonb, possible jsonb, basis_possible boolean
);
CREATE TEMP TABLE IF NOT EXISTS lineage_related (from_asset_id uuid, name text, to_asset_id uuid, rev_to bigint);
TRUNCATE lineage_asset, lineage_related;
"""
BINDING = Binding(
    subjects=exp.select("*").from_("lineage_asset").where("is_subject"),
    lineage="lineage",
    possible="possible",
    basis_possible="basis_possible",
)


@lru_cache(maxsize=32)
def _statement(checks: tuple[CompiledCheck, ...], now: datetime) -> bytes:
    return select_verdicts(checks, BINDING, now).sql().encode()


class Estate:
    """A database that holds the given subjects and nothing else."""

    def __init__(self, connection: Connection[Any]) -> None:
        self.connection = connection

    def fill(self, subjects: Sequence[Subject]) -> list[uuid.UUID]:
        """Replace everything by these subjects; returns their ids in order."""
        self.connection.execute(TABLES)
        ids, assets, edges = [], [], []
        for subject in subjects:
            id_ = uuid.uuid4()
            ids.append(id_)
            assets.append(
                (
                    id_,
                    True,
                    subject.document,
                    sorted(subject.known_relations),
                    subject.lineage,
                    subject.possible,
                    subject.basis == "possible",
                )
            )
            for name, members in subject.related.items():
                for member in members:
                    other = uuid.uuid4()
                    assets.append((other, False, member.document, [], None, None, False))
                    edges += [(id_, name, other)] * 2  # two sources report the same edge
        with self.connection.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO lineage_asset VALUES (%s, %s, %s, %s, %s, %s, %s)",
                [
                    (row[0], row[1], *(None if part is None else json.dumps(part) for part in row[2:6]), row[6])
                    for row in assets
                ],
            )
            cursor.executemany("INSERT INTO lineage_related VALUES (%s, %s, %s, NULL)", edges)
        return ids

    def judge(
        self, checks: Sequence[CompiledCheck], subjects: Sequence[Subject], now: datetime
    ) -> list[tuple[int | None, ...]]:
        """Return the verdict codes of each subject, one per check; None where SQL leaves it to the row engine."""
        ids = self.fill(subjects)
        rows = self.connection.execute(_statement(tuple(checks), now)).fetchall()
        found = {row[0]: row[1:] for row in rows}
        return [found[id_] for id_ in ids]
