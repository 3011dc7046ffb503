"""Insert rows round the models: as superuser, in SQL, valid by default, so that a test can break one rule at a time."""

import datetime
import uuid
from typing import Any

import psycopg
from django.contrib.postgres.fields import ArrayField
from django.db import models
from psycopg import sql
from psycopg.types.json import Jsonb

NOW = datetime.datetime(2026, 11, 1, tzinfo=datetime.UTC)

# Values that make a row valid where the type alone does not say it (a vocabulary, an order of two columns).
VALID: dict[str, Any] = {
    "role": "admin",
    "severity": "high",
    "state": "open",
    "resolution": "",
    "limit_days": 1,
    "number": 1,
    "run_id": "",
    "scope": "everything",
    "placed_by": "member:one",
    "set_by": "member:one",
    "days": 1,
    "Import.state": "projecting",
    "every_hours": 1,
    "GovernedAct.state": "proposed",
    "Retirement.state": "pending",
    "retire_percent": 20,
    "valid_until": NOW + datetime.timedelta(days=1),
    "until": NOW + datetime.timedelta(days=1),
    "due_at": NOW + datetime.timedelta(days=1),
}


def value_for(field: "models.Field[Any, Any]") -> Any:
    """Return some value of the field's type; None where null is allowed."""
    for name in (f"{field.model.__name__}.{field.name}", field.name):
        if name in VALID:
            return VALID[name]
    if field.null:
        return None
    match field:
        case models.JSONField():
            return Jsonb(field.get_default() if field.has_default() else {})
        case ArrayField():
            return []
        case models.BinaryField():
            return uuid.uuid4().bytes
        case models.DateTimeField():
            return NOW
        case models.DateField():
            return NOW.date()
        case models.BooleanField():
            return False
        case models.IntegerField() | models.DecimalField():
            return 0
        case models.UUIDField() | models.ForeignKey():
            return uuid.uuid4()
        case _:
            return str(field.get_default() or "x")[: field.max_length or 100]


def insert(connection: psycopg.Connection[Any], model: type[models.Model], **overrides: Any) -> dict[str, Any]:
    """Insert one row, foreign keys unchecked; return its columns."""
    row: dict[str, Any] = {
        str(field.column): value_for(field)
        for field in model._meta.local_concrete_fields
        if not isinstance(field, models.AutoField | models.GeneratedField)
    }
    row |= overrides
    statement = sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
        sql.Identifier(model._meta.db_table),
        sql.SQL(", ").join(map(sql.Identifier, row)),
        sql.SQL(", ").join(sql.Placeholder() * len(row)),
    )
    with connection.transaction():
        connection.execute("SET LOCAL session_replication_role = replica")
        connection.execute(statement, list(row.values()))
    return row
