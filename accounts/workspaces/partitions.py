"""Monthly partitions by id: UUIDv7 keys sort by time, so a range of ids is a range of months.

`id` alone stays the primary key (it is the partition key). A default partition takes what falls outside, so that an
insert never fails for want of a partition; beat makes the coming months in time through a definer function, because
the app's role owns nothing. A month that is made late takes over what the default partition holds of it.
"""

import datetime
import itertools
from typing import Any

from django.apps import apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import ProjectState

from accounts.workspaces.ids import lowest_id

MONTHS_AHEAD = 3


class CreatePartitionedModel(migrations.CreateModel):
    """CreateModel for a table that is `PARTITION BY RANGE (id)` from its first migration."""

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        """Create the parent table; partitions follow in row_security.secure."""
        plain = schema_editor.sql_create_table
        schema_editor.sql_create_table = plain + " PARTITION BY RANGE (id)"
        try:
            super().database_forwards(app_label, schema_editor, from_state, to_state)
        finally:
            schema_editor.sql_create_table = plain


def partitioned_tables() -> list[str]:
    """Return the tables of all models that declare `partitioned = True`."""
    return [model._meta.db_table for model in apps.get_models() if getattr(model, "partitioned", False)]


def months_from(start: datetime.date, count: int) -> list[datetime.datetime]:
    """Return the first instants (UTC) of `count` months from that of `start`."""
    first = start.year * 12 + start.month - 1
    return [
        datetime.datetime(number // 12, number % 12 + 1, 1, tzinfo=datetime.UTC)
        for number in range(first, first + count)
    ]


def ensure_partitions(cursor: Any, start: datetime.date | None = None, months: int = MONTHS_AHEAD) -> None:
    """Make the partitions of this month and the next ones for every partitioned table; idempotent."""
    bounds = months_from(start or datetime.datetime.now(datetime.UTC).date(), months + 1)
    for table in partitioned_tables():
        for low, high in itertools.pairwise(bounds):
            cursor.execute(
                "SELECT auditline_ensure_partition(%s, %s, %s, %s)",
                [table, f"{table}_{low:%Y_%m}", lowest_id(low), lowest_id(high)],
            )


def install_partition_function(cursor: Any, app_role: str) -> None:
    """Install the definer function through which the app may add partitions, and nothing else, to listed tables."""
    listed = ", ".join(f"'{table}'" for table in partitioned_tables()) or "''"
    cursor.execute(_FUNCTION.format(listed=listed, role=app_role))
    for table in partitioned_tables():
        cursor.execute(f'CREATE TABLE IF NOT EXISTS "{table}_default" PARTITION OF "{table}" DEFAULT')


_FUNCTION = """
CREATE OR REPLACE FUNCTION auditline_ensure_partition(parent text, child text, low uuid, high uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF parent NOT IN ({listed}) OR child !~ ('^' || parent || '_[0-9]{{4}}_[0-9]{{2}}$') THEN
    RAISE EXCEPTION 'no partitions for %', parent;
  END IF;
  IF to_regclass(quote_ident(child)) IS NULL THEN
    -- Not PARTITION OF: that is refused once the default partition holds rows of the month, and then for ever.
    EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', child, parent);
    PERFORM auditline_even_workspaces(child::regclass);  -- as of all tables (row_security.py)
    EXECUTE format('WITH moved AS (DELETE FROM %I WHERE id >= %L AND id < %L RETURNING *) '
                   'INSERT INTO %I SELECT * FROM moved', parent || '_default', low, high, child);
    EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', parent, child, low, high);
  END IF;
END $$;
REVOKE ALL ON FUNCTION auditline_ensure_partition(text, text, uuid, uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION auditline_ensure_partition(text, text, uuid, uuid) TO "{role}";
"""
