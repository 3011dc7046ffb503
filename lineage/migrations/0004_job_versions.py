"""Runs share what they join: one version per job and content replaces rows per run and dataset.

Relations of runs are no longer stored: a view reads them from the runs.
"""

import django.contrib.postgres.indexes
import django.db.models.deletion
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

import accounts.workspaces.ids

# The content of a run, as text: the former tables hold all of it. Digests made here are equal to those that projection
# makes where no lineage facet was in force, so that the next runs find their version.
_CONTENT = """
CREATE TEMP TABLE content ON COMMIT DROP AS
SELECT r.id AS run, r.job_id AS job, r.run_id = '' AS design, r.first_at, r.seen_at,
       coalesce((SELECT string_agg(d.dataset_id::text, ',' ORDER BY d.dataset_id::text COLLATE "C")
                 FROM lineage_rundataset d WHERE d.run_id = r.id AND d.direction = 'input'), '') || ';' ||
       coalesce((SELECT string_agg(d.dataset_id::text, ',' ORDER BY d.dataset_id::text COLLATE "C")
                 FROM lineage_rundataset d WHERE d.run_id = r.id AND d.direction = 'output'), '') ||
       coalesce((SELECT string_agg(';' || d.carrier_id::text || '/' || d.facet || '=' || encode(d.digest, 'hex'), ''
                                   ORDER BY d.carrier_id::text COLLATE "C", d.facet)
                 FROM lineage_rundeclaration d WHERE d.run_id = r.id AND d.pairs IS NOT NULL), '') AS text
FROM lineage_run r WHERE r.workspace_id = %(w)s
"""

_VERSIONS = """
CREATE TEMP TABLE version ON COMMIT DROP AS
SELECT gen_random_uuid() AS id, job, text, (array_agg(run))[1] AS run, count(*) FILTER (WHERE NOT design) AS runs,
       count(*) FILTER (WHERE design) AS designs, min(first_at) AS first_at, max(seen_at) AS seen_at
FROM content GROUP BY job, text
"""

_FILL = [
    """
INSERT INTO lineage_jobversion (id, workspace_id, job_id, digest, facets, runs, designs, first_at, seen_at)
SELECT v.id, %(w)s, v.job, sha256(convert_to(v.text, 'UTF8')),
       coalesce((SELECT jsonb_agg(jsonb_build_array(d.carrier_id, d.facet, a.kind = 'job', d.pairs))
                 FROM lineage_rundeclaration d JOIN lineage_asset a ON a.id = d.carrier_id
                 WHERE d.run_id = v.run AND d.pairs IS NOT NULL), '[]'),
       v.runs, v.designs, v.first_at, v.seen_at
FROM version v
""",
    """
INSERT INTO lineage_jobversiondataset (id, workspace_id, version_id, dataset_id, direction)
SELECT gen_random_uuid(), %(w)s, v.id, d.dataset_id, d.direction
FROM version v JOIN lineage_rundataset d ON d.run_id = v.run
""",
    """
INSERT INTO lineage_jobversionflow (id, workspace_id, version_id, job_id, from_dataset_id, to_dataset_id, basis, proven,
                                    masked, columns)
SELECT gen_random_uuid(), %(w)s, v.id, v.job, f.from_dataset_id, f.to_dataset_id, f.basis, f.proven, f.masked, '[]'
FROM version v JOIN lineage_runflow f ON f.run_id = v.run
""",
    """
INSERT INTO lineage_jobversionday (id, workspace_id, version_id, day, runs)
SELECT gen_random_uuid(), %(w)s, v.id, (c.seen_at AT TIME ZONE 'UTC')::date, count(*)
FROM content c JOIN version v ON v.job = c.job AND v.text = c.text WHERE NOT c.design GROUP BY 3, 4
""",
    """
UPDATE lineage_run r
SET version_id = v.id,
    facet_versions = coalesce(
      (SELECT jsonb_object_agg(d.carrier_id || '/' || d.facet,
                               jsonb_build_array(to_json(d.seen_at AT TIME ZONE 'UTC') #>> '{}' || '+00:00',
                                                 encode(d.digest, 'hex')))
       FROM lineage_rundeclaration d WHERE d.run_id = r.id), '{}')
FROM content c JOIN version v ON v.job = c.job AND v.text = c.text WHERE c.run = r.id
""",
    """
DELETE FROM lineage_relation
WHERE workspace_id = %(w)s AND source_id IS NULL AND name IN ('of_job', 'runs', 'inputs', 'outputs')
""",
    "DROP TABLE content, version",
]

_VIEW = """
CREATE VIEW lineage_related WITH (security_invoker = true) AS
SELECT workspace_id, id, from_asset_id, name, to_asset_id, source_id, reported_from, rev_to FROM lineage_relation
UNION ALL
SELECT workspace_id, id, asset_id, 'of_job', job_id, NULL, true, NULL FROM lineage_run WHERE asset_id IS NOT NULL
UNION ALL
SELECT workspace_id, id, job_id, 'runs', asset_id, NULL, false, NULL FROM lineage_run WHERE asset_id IS NOT NULL
UNION ALL
SELECT r.workspace_id, d.id, r.asset_id, CASE d.direction WHEN 'input' THEN 'inputs' ELSE 'outputs' END, d.dataset_id,
       NULL, true, NULL
FROM lineage_run r
JOIN lineage_jobversiondataset d ON d.workspace_id = r.workspace_id AND d.version_id = r.version_id
WHERE r.asset_id IS NOT NULL
"""


def fill(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Turn what runs touched into versions, workspace by workspace: row security binds the owner too."""
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT id FROM accounts_workspace ORDER BY id")
        for (workspace,) in cursor.fetchall():
            cursor.execute("SELECT set_config('auditline.workspace', %s, true)", [str(workspace)])
            for statement in (_CONTENT, _VERSIONS, *_FILL):
                cursor.execute(statement, {"w": workspace} if "%(w)s" in statement else None)
        cursor.execute("SELECT set_config('auditline.workspace', '', true)")
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0002_indexes_of_lists'),
        ('lineage', '0003_changes_of_flows'),
    ]

    operations = [
        migrations.CreateModel(
            name='FlowColumns',
            fields=[
                ('id', models.UUIDField(default=accounts.workspaces.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('columns', models.JSONField()),
            ],
        ),
        migrations.CreateModel(
            name='JobVersion',
            fields=[
                ('id', models.UUIDField(default=accounts.workspaces.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('digest', models.BinaryField(max_length=32)),
                ('facets', models.JSONField(default=list)),
                ('runs', models.IntegerField()),
                ('designs', models.IntegerField()),
                ('first_at', models.DateTimeField(null=True)),
                ('seen_at', models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name='JobVersionDataset',
            fields=[
                ('id', models.UUIDField(default=accounts.workspaces.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('direction', models.CharField(choices=[('input', 'Input'), ('output', 'Output')], max_length=6)),
            ],
        ),
        migrations.CreateModel(
            name='JobVersionDay',
            fields=[
                ('id', models.UUIDField(default=accounts.workspaces.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('day', models.DateField()),
                ('runs', models.IntegerField()),
            ],
        ),
        migrations.CreateModel(
            name='JobVersionFlow',
            fields=[
                ('id', models.UUIDField(default=accounts.workspaces.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('basis', models.CharField(max_length=10)),
                ('proven', models.BooleanField()),
                ('masked', models.BooleanField(default=False)),
                ('columns', models.JSONField(default=list)),
            ],
        ),
        migrations.RemoveIndex(
            model_name='asset',
            name='asset_by_country',
        ),
        migrations.RemoveIndex(
            model_name='asset',
            name='asset_by_uid_prefix',
        ),
        migrations.AddField(
            model_name='run',
            name='facet_versions',
            field=models.JSONField(default=dict),
        ),
        migrations.AlterField(
            model_name='asset',
            name='organisation',
            field=models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='lineage.asset'),
        ),
        migrations.AlterField(
            model_name='run',
            name='asset',
            field=models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='lineage.asset'),
        ),
        migrations.AlterField(
            model_name='run',
            name='job',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='lineage.asset'),
        ),
        migrations.AlterField(
            model_name='run',
            name='source',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='lineage.source'),
        ),
        migrations.AddIndex(
            model_name='asset',
            index=models.Index(condition=models.Q(('country', ''), _negated=True), fields=['workspace', 'kind', 'country'], name='asset_by_country'),
        ),
        migrations.AddIndex(
            model_name='asset',
            index=models.Index(models.F('workspace'), django.contrib.postgres.indexes.OpClass('uid', name='text_pattern_ops'), condition=models.Q(('kind', 'dataset')), name='asset_by_uid_prefix'),
        ),
        migrations.AddIndex(
            model_name='asset',
            index=models.Index(condition=models.Q(('organisation__isnull', False)), fields=['workspace', 'organisation'], name='asset_by_organisation'),
        ),
        migrations.AddField(
            model_name='flowcolumns',
            name='flow',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='lineage.flow'),
        ),
        migrations.AddField(
            model_name='flowcolumns',
            name='workspace',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.workspace'),
        ),
        migrations.AddField(
            model_name='jobversion',
            name='job',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='lineage.asset'),
        ),
        migrations.AddField(
            model_name='jobversion',
            name='workspace',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.workspace'),
        ),
        migrations.AddField(
            model_name='run',
            name='version',
            field=models.ForeignKey(db_constraint=False, null=True, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='lineage.jobversion'),
        ),
        migrations.AddIndex(
            model_name='run',
            index=models.Index(fields=['workspace', 'version', 'seen_at'], name='run_by_version'),
        ),
        migrations.AddIndex(
            model_name='run',
            index=models.Index(condition=models.Q(('state', 'complete')), fields=['workspace', 'version', '-ended_at'], name='run_completed'),
        ),
        migrations.AddField(
            model_name='jobversiondataset',
            name='dataset',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='lineage.asset'),
        ),
        migrations.AddField(
            model_name='jobversiondataset',
            name='version',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='lineage.jobversion'),
        ),
        migrations.AddField(
            model_name='jobversiondataset',
            name='workspace',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.workspace'),
        ),
        migrations.AddField(
            model_name='jobversionday',
            name='version',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='lineage.jobversion'),
        ),
        migrations.AddField(
            model_name='jobversionday',
            name='workspace',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.workspace'),
        ),
        migrations.AddField(
            model_name='jobversionflow',
            name='from_dataset',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='lineage.asset'),
        ),
        migrations.AddField(
            model_name='jobversionflow',
            name='job',
            field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='lineage.asset'),
        ),
        migrations.AddField(
            model_name='jobversionflow',
            name='to_dataset',
            field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='lineage.asset'),
        ),
        migrations.AddField(
            model_name='jobversionflow',
            name='version',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='lineage.jobversion'),
        ),
        migrations.AddField(
            model_name='jobversionflow',
            name='workspace',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.workspace'),
        ),
        migrations.AddConstraint(
            model_name='flowcolumns',
            constraint=models.UniqueConstraint(fields=('workspace', 'flow'), name='flow_columns_once'),
        ),
        migrations.AddConstraint(
            model_name='jobversion',
            constraint=models.UniqueConstraint(fields=('workspace', 'job', 'digest'), name='job_version_once'),
        ),
        migrations.AddIndex(
            model_name='jobversiondataset',
            index=models.Index(fields=['workspace', 'dataset', 'direction'], name='job_version_by_dataset'),
        ),
        migrations.AddConstraint(
            model_name='jobversiondataset',
            constraint=models.UniqueConstraint(fields=('workspace', 'version', 'dataset', 'direction'), name='job_version_dataset_once'),
        ),
        migrations.AddConstraint(
            model_name='jobversionday',
            constraint=models.UniqueConstraint(fields=('workspace', 'version', 'day'), name='job_version_day_once'),
        ),
        migrations.AddIndex(
            model_name='jobversionflow',
            index=models.Index(fields=['workspace', 'from_dataset', 'to_dataset'], name='job_version_flow_by_pair'),
        ),
        migrations.AddConstraint(
            model_name='jobversionflow',
            constraint=models.UniqueConstraint(fields=('workspace', 'version', 'from_dataset', 'to_dataset'), name='job_version_flow_once'),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
        migrations.AlterField(
            model_name='run',
            name='version',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='lineage.jobversion'),
        ),
        migrations.DeleteModel(
            name='RunDataset',
        ),
        migrations.DeleteModel(
            name='RunDeclaration',
        ),
        migrations.DeleteModel(
            name='RunFlow',
        ),
        migrations.RunSQL(_VIEW, "DROP VIEW lineage_related"),
        migrations.CreateModel(
            name='Related',
            fields=[
                ('id', models.UUIDField(default=accounts.workspaces.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=40)),
                ('reported_from', models.BooleanField()),
                ('rev_to', models.BigIntegerField(null=True)),
            ],
            options={
                'db_table': 'lineage_related',
                'managed': False,
            },
        ),
    ]
