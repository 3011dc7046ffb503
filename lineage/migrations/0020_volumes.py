"""Keep how many bytes runs read and wrote, and how many runs of a day ended well."""

import accounts.workspaces.ids
import django.db.models.deletion
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

_COUNT = """
UPDATE "lineage_jobversionday" d SET completed = r.completed
FROM (
  SELECT version_id, (seen_at AT TIME ZONE 'UTC')::date AS day, count(*) AS completed FROM "lineage_run"
  WHERE workspace_id = %(w)s AND state = 'complete' AND asset_id IS NOT NULL GROUP BY 1, 2
) AS r
WHERE d.workspace_id = %(w)s AND d.version_id = r.version_id AND d.day = r.day
"""


def count(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Count the good runs of each day, workspace by workspace: row security binds the owner too."""
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT id FROM accounts_workspace ORDER BY id")
        for (workspace,) in cursor.fetchall():
            cursor.execute("SELECT set_config('auditline.workspace', %s, true)", [str(workspace)])
            cursor.execute(_COUNT, {"w": workspace})
        cursor.execute("SELECT set_config('auditline.workspace', '', true)")


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0003_governed_acts'),
        ('lineage', '0019_room_for_updates'),
    ]

    operations = [
        migrations.AddField(
            model_name='jobversionday',
            name='completed',
            field=models.IntegerField(db_default=0),
        ),
        migrations.AddField(
            model_name='run',
            name='statistics',
            field=models.JSONField(null=True),
        ),
        migrations.CreateModel(
            name='JobVersionVolume',
            fields=[
                ('id', models.UUIDField(default=accounts.workspaces.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('direction', models.CharField(choices=[('input', 'Input'), ('output', 'Output')], max_length=6)),
                ('day', models.DateField()),
                ('runs', models.IntegerField()),
                ('completed', models.IntegerField()),
                ('bytes', models.DecimalField(decimal_places=0, max_digits=40)),
                ('dataset', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='lineage.asset')),
                ('version', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='lineage.jobversion')),
                ('workspace', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.workspace')),
            ],
            options={
                'indexes': [models.Index(fields=['workspace', 'dataset'], name='job_version_volume_of_dataset')],
                'constraints': [models.UniqueConstraint(fields=('workspace', 'version', 'dataset', 'direction', 'day'), name='job_version_volume_once')],
            },
        ),
        migrations.RunPython(count, migrations.RunPython.noop),
    ]
