"""Keep which jobs admit a gap: else an answer says nothing of those whose runs came before, until the next run."""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

# rev_from 0: since before gaps were kept.
_KEEP = """
INSERT INTO lineage_jobgap (id, workspace_id, job_id, rev_from)
SELECT gen_random_uuid(), j.workspace_id, j.id, 0
FROM lineage_asset j, LATERAL (
  SELECT r.version_id, r.extraction_error FROM lineage_run r
  WHERE r.workspace_id = j.workspace_id AND r.job_id = j.id AND r.ended_at IS NOT NULL
  ORDER BY r.ended_at DESC, r.run_id DESC LIMIT 1
) AS newest
WHERE j.workspace_id = %(w)s AND j.kind = 'job' AND (
  newest.extraction_error
  OR NOT EXISTS (SELECT FROM lineage_jobversiondataset d
                 WHERE d.version_id = newest.version_id AND d.direction = 'input'))
ON CONFLICT DO NOTHING
"""


def keep(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Keep them, workspace by workspace: row security binds the owner too."""
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT id FROM accounts_workspace ORDER BY id")
        for (workspace,) in cursor.fetchall():
            cursor.execute("SELECT set_config('auditline.workspace', %s, true)", [str(workspace)])
            cursor.execute(_KEEP, {"w": workspace})
        cursor.execute("SELECT set_config('auditline.workspace', '', true)")


class Migration(migrations.Migration):

    dependencies = [
        ('lineage', '0016_gaps_of_jobs'),
    ]

    operations = [
        migrations.RunPython(keep, migrations.RunPython.noop),
    ]
