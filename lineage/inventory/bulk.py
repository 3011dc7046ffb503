"""Write many rows with few statements.

Keys travel as arrays that are unnested in the statement; rows with documents as one JSON text that becomes a record
set (measured: 5,000 documents of 640 bytes take 1.4 s as text[], because of its quoting, and 0.3 s so). No temporary
tables, because a stage that runs every second would churn the catalogue with those; COPY is refused on tables under
row security.
"""

import datetime
import json
import re
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from operator import attrgetter
from typing import Any, TypeVar

import orjson
from django.db import connection

from accounts.workspaces.arrays import array_literals
from accounts.workspaces.binding import read_times_quickly

CHUNK = 5000
"""Rows per statement: bounds its text to some megabytes and its memory to some tens."""

Item = TypeVar("Item")


def chunks(items: Sequence[Item], size: int = CHUNK) -> Iterator[Sequence[Item]]:
    """Yield `items` in slices of at most `size`."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


def in_order(ids: Iterable[uuid.UUID]) -> list[uuid.UUID]:
    """Return distinct ids in the order of PostgreSQL. By their numbers: comparing objects is slow."""
    return sorted(set(ids), key=_NUMBER)


_NUMBER = attrgetter("int")


def columns(rows: Sequence[tuple[Any, ...]], width: int) -> list[list[Any]]:
    """Turn rows into one list per column, as `unnest` takes them."""
    return [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in range(width)]


def execute(sql: str, parameters: Sequence[Any]) -> int:
    """Run one statement; return how many rows it changed."""
    with connection.cursor() as cursor:
        cursor.execute(sql, array_literals(parameters))
        return int(cursor.rowcount)


def fetch(sql: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
    """Run one query; return its rows."""
    with connection.cursor() as cursor:
        read_times_quickly(cursor.cursor)
        cursor.execute(sql, array_literals(parameters))
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows


def records(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return rows for `jsonb_to_recordset(%s::jsonb)`: UUIDs and times as text, bytes in hex."""
    try:
        return orjson.dumps(rows, default=_text).decode()
    except TypeError:  # an integer beyond 64 bits
        return json.dumps(rows, ensure_ascii=False, separators=(",", ":"), default=_text)


def _text(value: object) -> str:
    if isinstance(value, bytes):
        return f"\\x{value.hex()}"
    return value.isoformat() if isinstance(value, datetime.datetime) else str(value)


_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
_LONG_NUMBER = re.compile(r"\d{19}")


def to_json(value: object) -> str:
    """Return JSON text for a jsonb parameter."""
    try:
        return orjson.dumps(value).decode()
    except TypeError:
        return _ENCODER.encode(value)


def sorted_json(value: object) -> bytes:
    """Return JSON with sorted keys: what a digest is of."""
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except TypeError:  # an integer beyond 64 bits
        return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()


def from_json(text: str) -> Any:
    """Return what a jsonb column says; integers beyond 64 bits stay exact."""
    return json.loads(text) if _LONG_NUMBER.search(text) else orjson.loads(text)
