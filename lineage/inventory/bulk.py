"""Write many rows with few statements: rows travel as arrays and are unnested inside the statement.

Arrays rather than temporary tables, because a stage that runs every second would churn the catalogue with those; COPY
is refused on tables under row security (notes on both in docs/decisions/0001-row-security.md).
"""

import json
from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

from django.db import connection

CHUNK = 5000
"""Rows per statement: bounds its text to some megabytes and its memory to some tens."""

Item = TypeVar("Item")


def chunks(items: Sequence[Item], size: int = CHUNK) -> Iterator[Sequence[Item]]:
    """Yield `items` in slices of at most `size`."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


def columns(rows: Sequence[tuple[Any, ...]], width: int) -> list[list[Any]]:
    """Turn rows into one list per column, as `unnest` takes them."""
    return [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in range(width)]


def execute(sql: str, parameters: Sequence[Any]) -> int:
    """Run one statement; return how many rows it changed."""
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return int(cursor.rowcount)


def fetch(sql: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
    """Run one query; return its rows."""
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows


def to_json(value: object) -> str:
    """Return JSON text for a jsonb parameter."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
