"""Trace what flowed before lineage facts were kept: else a check that reads them would wait for the next event."""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

_NOTE = """
INSERT INTO lineage_tracedue (id, workspace_id, asset_id, due_at)
SELECT gen_random_uuid(), a.workspace_id, a.id, now() FROM lineage_asset a
WHERE a.workspace_id = %(w)s AND a.kind IN ('dataset', 'job', 'model', 'ai_system', 'service')
  AND NOT EXISTS (SELECT FROM lineage_traced t
                  WHERE t.workspace_id = a.workspace_id AND t.asset_id = a.id AND t.rev_to IS NULL)
ON CONFLICT (workspace_id, asset_id) DO NOTHING
"""

_QUEUE = """
INSERT INTO accounts_work (workspace_id, stage, subject, attempts)
SELECT %(w)s, 'project', %(w)s, 0
WHERE EXISTS (SELECT FROM lineage_tracedue WHERE workspace_id = %(w)s AND due_at <= now())
"""


def note(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Note all that may have lineage and has no facts, workspace by workspace: row security binds the owner too."""
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT id FROM accounts_workspace ORDER BY id")
        for (workspace,) in cursor.fetchall():
            cursor.execute("SELECT set_config('auditline.workspace', %s, true)", [str(workspace)])
            for statement in (_NOTE, _QUEUE):
                cursor.execute(statement, {"w": workspace})
        cursor.execute("SELECT set_config('auditline.workspace', '', true)")


class Migration(migrations.Migration):

    dependencies = [
        ('lineage', '0011_facets_as_last_said'),
    ]

    operations = [
        migrations.RunPython(note, migrations.RunPython.noop),
    ]
