"""What PostgreSQL takes a workspace for: a share of each table, also where its statistics have not met it.

Its statistics are as old as the last ANALYZE. A workspace that came after would count as one row, any index as good as
any other, and a look for one key would read all that the workspace has, once per key.
"""

import datetime
import json
import uuid
from typing import Any

import psycopg

from accounts.workspaces.ids import lowest_id
from accounts.workspaces.partitions import months_from
from accounts.workspaces.row_security import _SHARES
from lineage.graph.run_assets import _FIND
from lineage.inventory.derived import _CURRENT

ROWS = 4000  # of each workspace

COLUMN = """
SELECT t.oid::regclass::text, a.attstattarget FROM pg_class t JOIN pg_attribute a ON a.attrelid = t.oid
WHERE t.relnamespace = 'public'::regnamespace AND t.relkind IN ('r', 'p') AND a.attname = 'workspace_id'
"""
TOLD = """
SELECT DISTINCT s.n_distinct, s.most_common_vals IS NULL FROM pg_class t JOIN pg_attribute a ON a.attrelid = t.oid
LEFT JOIN pg_stats s ON s.schemaname = 'public' AND s.tablename = t.relname AND s.attname = a.attname
WHERE t.relnamespace = 'public'::regnamespace AND t.relkind IN ('r', 'p') AND a.attname = 'workspace_id'
"""
ASSETS = """
INSERT INTO lineage_asset (id, workspace_id, kind, uid, name, state, document, provenance, known_relations, conflicts,
                           environment, country, owner, first_seen_at, last_seen_at, rev_changed)
SELECT gen_random_uuid(), %s, 'run', 'run-' || n, 'run-' || n, 'reported', '{}', '{}', '[]', '{}', '', '', '', now(),
       now(), 1
FROM generate_series(1, %s) AS n
"""
FACTS = """
INSERT INTO lineage_derivedfact (id, workspace_id, asset_id, name, value, derivation, inputs_digest, inputs, grade,
                                 observed_at, rev_from)
SELECT gen_random_uuid(), workspace_id, id, 'state', '"complete"', 'run_state@1', '', '[]', 'A', now(), 1
FROM lineage_asset WHERE workspace_id = %s
"""


def fill(superuser: psycopg.Connection[Any]) -> uuid.UUID:
    """Make a workspace with many runs and return its id."""
    workspace = uuid.uuid4()
    superuser.execute("SET LOCAL session_replication_role = replica")  # a workspace of no name
    superuser.execute(ASSETS, [workspace, ROWS])
    superuser.execute(FACTS, [workspace])
    return workspace


def reads(superuser: psycopg.Connection[Any], sql: str, parameters: list[Any]) -> int:
    """Return how many rows of tables PostgreSQL looked at to answer a query."""
    ((plan,),) = superuser.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", parameters).fetchall()
    return looked_at((plan if isinstance(plan, list) else json.loads(plan))[0]["Plan"])


def looked_at(node: dict[str, Any]) -> int:
    """Return how many rows the scans of a plan looked at, those that they passed over included."""
    each = node["Actual Rows"] + node.get("Rows Removed by Filter", 0) if "Relation Name" in node else 0
    return int(each * node["Actual Loops"]) + sum(map(looked_at, node.get("Plans", ())))


def test_nothing_is_counted_of_whose_rows_they_are(superuser: psycopg.Connection[Any]) -> None:
    targets = dict(superuser.execute(COLUMN).fetchall())
    assert {"lineage_asset", "lineage_event", "lineage_event_default", "accounts_work"} <= targets.keys()
    assert {table for table, target in targets.items() if target != 0} == set()
    assert superuser.execute(TOLD).fetchall() == [(20, True)]


def test_a_month_that_comes_is_told_the_same(superuser: psycopg.Connection[Any]) -> None:
    low, high = months_from(datetime.date(2041, 5, 1), 2)
    superuser.execute(
        "SELECT auditline_ensure_partition('lineage_event', 'lineage_event_2041_05', %s, %s)",
        [lowest_id(low), lowest_id(high)],
    )
    assert dict(superuser.execute(COLUMN).fetchall())["lineage_event_2041_05"] == 0
    assert superuser.execute(TOLD).fetchall() == [(20, True)]


def test_what_was_counted_before_is_forgotten(superuser: psycopg.Connection[Any]) -> None:
    superuser.execute("ALTER TABLE lineage_asset ALTER COLUMN workspace_id SET STATISTICS -1")
    fill(superuser)
    superuser.execute("ANALYZE lineage_asset")
    assert superuser.execute(TOLD).fetchall() != [(20, True)]
    superuser.execute(_SHARES)
    assert superuser.execute(TOLD).fetchall() == [(20, True)]
    new = fill(superuser)
    assert reads(superuser, _FIND, [[f"run-{number}" for number in range(1, 21)], new]) == 20


def test_a_key_of_a_workspace_that_statistics_do_not_know_is_looked_up_alone(
    superuser: psycopg.Connection[Any],
) -> None:
    fill(superuser)
    superuser.execute("ANALYZE lineage_asset, lineage_derivedfact")
    new = fill(superuser)
    keys = [row[0] for row in superuser.execute(
        "SELECT id FROM lineage_asset WHERE workspace_id = %s ORDER BY id LIMIT 20", [new]
    )]  # fmt: skip
    assert reads(superuser, _FIND, [[f"run-{number}" for number in range(1, 21)], new]) == 20
    assert reads(superuser, _CURRENT, [keys, ["state"] * 20, new]) == 20
    of_keys = "SELECT document FROM lineage_asset WHERE workspace_id = %s AND id = ANY(%s)"
    assert reads(superuser, of_keys, [new, keys]) == 20
