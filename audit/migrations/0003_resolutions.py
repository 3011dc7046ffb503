"""Findings say why they ended, and how they had ended when they came back."""

from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

RESOLUTIONS = [
    ('passed', 'Fixed'),
    ('not_applicable', 'No longer concerns the asset'),
    ('retired', 'No longer reported or judged'),
]

# The change that resolved a finding tells why; 15 takes the overlays off its code. Where that change is gone nothing is
# guessed: '' is shown as "not recorded".
_FILL = """
UPDATE "audit_finding" f
SET resolution = CASE t.new & 15 WHEN 0 THEN 'retired' WHEN 1 THEN 'passed' WHEN 5 THEN 'not_applicable' ELSE '' END
FROM "policies_transition" t
WHERE f.workspace_id = %s AND f.state = 'resolved' AND f.resolution = ''
  AND t.workspace_id = f.workspace_id AND t.id = f.transition
"""


def fill(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Fill in what can be told, workspace by workspace: row security binds the owner too, without one it sees no row."""
    with schema_editor.connection.cursor() as cursor:
        cursor.execute('SELECT id FROM "accounts_workspace" ORDER BY id')
        for (workspace,) in cursor.fetchall():
            cursor.execute("SELECT set_config('auditline.workspace', %s, true)", [str(workspace)])
            cursor.execute(_FILL, [workspace])
        cursor.execute("SELECT set_config('auditline.workspace', '', true)")


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0002_indexes_of_lists'),
        ('audit', '0002_keys_nodes_pauses'),
        ('lineage', '0002_indexes_of_lists'),
        ('policies', '0001_initial'),
    ]

    operations = [
        migrations.AddField(
            model_name='finding',
            name='reopened_after',
            field=models.CharField(blank=True, choices=RESOLUTIONS, db_default='', default='', max_length=14),
        ),
        migrations.AddField(
            model_name='finding',
            name='resolution',
            field=models.CharField(blank=True, choices=RESOLUTIONS, db_default='', default='', max_length=14),
        ),
        migrations.AddIndex(
            model_name='finding',
            index=models.Index(condition=models.Q(('resolution', ''), _negated=True), fields=['workspace', 'resolution', 'severity_rank', 'due_at', 'id'], name='finding_by_resolution'),
        ),
        migrations.AddConstraint(
            model_name='finding',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('resolution', ''), ('state', 'open')), models.Q(('resolution__in', ['', 'passed', 'not_applicable', 'retired']), ('state', 'resolved')), _connector='OR'), name='finding_open_has_no_resolution'),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
