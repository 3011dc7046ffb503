"""Events know their run, so that the events of a run are found."""

from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

_FILL = """
UPDATE "lineage_event" SET about = lower(left(coalesce(convert_from(body, 'UTF8')::json->'run'->>'runId', ''), 200))
WHERE workspace_id = %s AND kind = 'run'
"""


def fill(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Read the run of each event, workspace by workspace: row security binds the owner too."""
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT id FROM accounts_workspace ORDER BY id")
        for (workspace,) in cursor.fetchall():
            cursor.execute("SELECT set_config('auditline.workspace', %s, true)", [str(workspace)])
            cursor.execute(_FILL, [workspace])
        cursor.execute("SELECT set_config('auditline.workspace', '', true)")
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0003_governed_acts'),
        ('lineage', '0007_last_part_of_names'),
    ]

    operations = [
        migrations.AddField(
            model_name='event',
            name='about',
            field=models.CharField(blank=True, default='', max_length=200),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
        migrations.AddIndex(
            model_name='event',
            index=models.Index(condition=models.Q(('about', ''), _negated=True), fields=['workspace', 'about', 'id'], name='event_by_about'),
        ),
    ]
