import accounts.workspaces.ids
import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

from accounts.workspaces.partitions import CreatePartitionedModel


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('accounts', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='Asset',
            fields=[
                ('id', models.UUIDField(default=accounts.workspaces.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(max_length=40)),
                ('uid', models.CharField(max_length=4000)),
                ('name', models.CharField(max_length=4000)),
                ('state', models.CharField(choices=[('reported', 'Reported'), ('mentioned', 'Only named by others'), ('retired', 'Retired')], max_length=10)),
                ('document', models.JSONField(default=dict)),
                ('provenance', models.JSONField(default=dict)),
                ('known_relations', models.JSONField(default=list)),
                ('conflicts', models.JSONField(default=dict)),
                ('environment', models.CharField(blank=True, max_length=40)),
                ('country', models.CharField(blank=True, max_length=2)),
                ('owner', models.CharField(blank=True, max_length=400)),
                ('first_seen_at', models.DateTimeField()),
                ('last_seen_at', models.DateTimeField()),
                ('rev_changed', models.BigIntegerField()),
                ('organisation', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='lineage.asset')),
                ('workspace', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.workspace')),
            ],
        ),
        migrations.CreateModel(
            name='DerivedFact',
            fields=[
                ('id', models.UUIDField(default=accounts.workspaces.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=60)),
                ('value', models.JSONField()),
                ('derivation', models.CharField(max_length=80)),
                ('inputs_digest', models.BinaryField(max_length=32)),
                ('inputs', models.JSONField(default=list)),
                ('grade', models.CharField(max_length=1)),
                ('observed_at', models.DateTimeField()),
                ('rev_from', models.BigIntegerField()),
                ('rev_to', models.BigIntegerField(null=True)),
                ('asset', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='lineage.asset')),
                ('workspace', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.workspace')),
            ],
        ),
        CreatePartitionedModel(
            name='Event',
            fields=[
                ('id', models.UUIDField(default=accounts.workspaces.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(choices=[('run', 'OpenLineage RunEvent'), ('job', 'OpenLineage JobEvent'), ('dataset', 'OpenLineage DatasetEvent'), ('inventory', 'Inventory batch')], max_length=12)),
                ('body', models.BinaryField()),
                ('media_type', models.CharField(max_length=60)),
                ('received_digest', models.BinaryField(max_length=32)),
                ('kept_digest', models.BinaryField(max_length=32)),
                ('redactions', models.JSONField(default=list)),
                ('sender', models.CharField(max_length=80)),
                ('source', models.CharField(blank=True, max_length=120)),
                ('parameters', models.JSONField(default=dict)),
                ('event_time', models.DateTimeField(null=True)),
                ('received_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('workspace', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.workspace')),
            ],
        ),
        migrations.CreateModel(
            name='EventReceipt',
            fields=[
                ('id', models.UUIDField(default=accounts.workspaces.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('content_digest', models.BinaryField(max_length=32)),
                ('received_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('workspace', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.workspace')),
            ],
        ),
        migrations.CreateModel(
            name='Flow',
            fields=[
                ('id', models.UUIDField(default=accounts.workspaces.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('basis', models.CharField(max_length=10)),
                ('proven', models.BooleanField()),
                ('masked', models.BooleanField(default=False)),
                ('first_seen_at', models.DateTimeField()),
                ('last_seen_at', models.DateTimeField()),
                ('runs', models.IntegerField()),
                ('rev_from', models.BigIntegerField()),
                ('rev_to', models.BigIntegerField(null=True)),
                ('from_dataset', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='lineage.asset')),
                ('job', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='lineage.asset')),
                ('to_dataset', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='lineage.asset')),
                ('workspace', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.workspace')),
            ],
        ),
        migrations.CreateModel(
            name='Hook',
            fields=[
                ('id', models.UUIDField(default=accounts.workspaces.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=120)),
                ('secret', models.BinaryField()),
                ('namespaces', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=400), blank=True, default=list, size=None)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('revoked_at', models.DateTimeField(blank=True, null=True)),
                ('workspace', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.workspace')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='HookDelivery',
            fields=[
                ('id', models.UUIDField(default=accounts.workspaces.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('message_id', models.CharField(max_length=120)),
                ('receipts', models.JSONField()),
                ('received_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('hook', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='lineage.hook')),
                ('workspace', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.workspace')),
            ],
        ),
        migrations.CreateModel(
            name='RejectedRow',
            fields=[
                ('id', models.UUIDField(default=accounts.workspaces.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('event', models.UUIDField()),
                ('line', models.IntegerField()),
                ('field', models.CharField(blank=True, max_length=120)),
                ('got', models.TextField()),
                ('expected', models.TextField()),
                ('message', models.TextField()),
                ('workspace', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.workspace')),
            ],
        ),
        migrations.CreateModel(
            name='Run',
            fields=[
                ('id', models.UUIDField(default=accounts.workspaces.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('run_id', models.CharField(blank=True, max_length=200)),
                ('state', models.CharField(max_length=10)),
                ('state_rank', models.SmallIntegerField()),
                ('state_at', models.DateTimeField()),
                ('first_at', models.DateTimeField()),
                ('seen_at', models.DateTimeField()),
                ('started_at', models.DateTimeField(null=True)),
                ('ended_at', models.DateTimeField(null=True)),
                ('extraction_error', models.BooleanField(default=False)),
                ('asset', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='lineage.asset')),
                ('job', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='lineage.asset')),
                ('workspace', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.workspace')),
            ],
        ),
        migrations.CreateModel(
            name='RunDataset',
            fields=[
                ('id', models.UUIDField(default=accounts.workspaces.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('direction', models.CharField(choices=[('input', 'Input'), ('output', 'Output')], max_length=6)),
                ('seen_at', models.DateTimeField()),
                ('event', models.UUIDField()),
                ('wrote_at', models.DateTimeField(null=True)),
                ('dataset', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='lineage.asset')),
                ('run', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='lineage.run')),
                ('workspace', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.workspace')),
            ],
        ),
        migrations.CreateModel(
            name='RunDeclaration',
            fields=[
                ('id', models.UUIDField(default=accounts.workspaces.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('facet', models.CharField(choices=[('lineage', 'Explicit lineage'), ('columnLineage', 'Column lineage')], max_length=20)),
                ('seen_at', models.DateTimeField()),
                ('digest', models.BinaryField(max_length=32)),
                ('pairs', models.JSONField(null=True)),
                ('carrier', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='lineage.asset')),
                ('run', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='lineage.run')),
                ('workspace', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.workspace')),
            ],
        ),
        migrations.CreateModel(
            name='RunFlow',
            fields=[
                ('id', models.UUIDField(default=accounts.workspaces.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('basis', models.CharField(max_length=10)),
                ('proven', models.BooleanField()),
                ('masked', models.BooleanField(default=False)),
                ('counts', models.BooleanField()),
                ('first_at', models.DateTimeField()),
                ('seen_at', models.DateTimeField()),
                ('from_dataset', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='lineage.asset')),
                ('job', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='lineage.asset')),
                ('run', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='lineage.run')),
                ('to_dataset', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='lineage.asset')),
                ('workspace', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.workspace')),
            ],
        ),
        migrations.CreateModel(
            name='Source',
            fields=[
                ('id', models.UUIDField(default=accounts.workspaces.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('door', models.CharField(choices=[('inventory', 'Inventory'), ('lineage', 'Lineage')], max_length=12)),
                ('name', models.CharField(max_length=400)),
                ('grade_class', models.CharField(default='asset_database', max_length=20)),
                ('default_origin', models.CharField(default='declared', max_length=10)),
                ('expected_every_hours', models.IntegerField(null=True)),
                ('first_seen_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('last_seen_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('declared_count', models.IntegerField(null=True)),
                ('received_count', models.IntegerField(null=True)),
                ('manifest', models.JSONField(null=True)),
                ('last_event', models.UUIDField(null=True)),
                ('full_at', models.DateTimeField(null=True)),
                ('workspace', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.workspace')),
            ],
        ),
        migrations.AddField(
            model_name='run',
            name='source',
            field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='lineage.source'),
        ),
        migrations.CreateModel(
            name='Relation',
            fields=[
                ('id', models.UUIDField(default=accounts.workspaces.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=40)),
                ('reported_from', models.BooleanField()),
                ('rev_from', models.BigIntegerField()),
                ('rev_to', models.BigIntegerField(null=True)),
                ('from_asset', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='lineage.asset')),
                ('to_asset', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='lineage.asset')),
                ('workspace', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.workspace')),
                ('source', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='lineage.source')),
            ],
        ),
        migrations.CreateModel(
            name='ImportResult',
            fields=[
                ('id', models.UUIDField(default=accounts.workspaces.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('event', models.UUIDField()),
                ('rows', models.IntegerField()),
                ('created', models.IntegerField()),
                ('changed', models.IntegerField()),
                ('unchanged', models.IntegerField()),
                ('retired', models.IntegerField()),
                ('rejected', models.IntegerField()),
                ('kinds', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=40), default=list, size=None)),
                ('finished_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('workspace', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.workspace')),
                ('source', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='lineage.source')),
            ],
        ),
        migrations.CreateModel(
            name='FactSet',
            fields=[
                ('id', models.UUIDField(default=accounts.workspaces.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('event', models.UUIDField()),
                ('facts', models.JSONField(default=dict)),
                ('relations', models.JSONField(default=dict)),
                ('full_at', models.DateTimeField(null=True)),
                ('rev_from', models.BigIntegerField()),
                ('rev_to', models.BigIntegerField(null=True)),
                ('asset', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='lineage.asset')),
                ('workspace', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.workspace')),
                ('source', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='lineage.source')),
            ],
        ),
        migrations.AddIndex(
            model_name='asset',
            index=models.Index(fields=['workspace', 'kind', 'id'], name='asset_by_kind'),
        ),
        migrations.AddIndex(
            model_name='asset',
            index=models.Index(fields=['workspace', 'kind', 'country'], name='asset_by_country'),
        ),
        migrations.AddIndex(
            model_name='asset',
            index=models.Index(models.F('workspace'), django.contrib.postgres.indexes.OpClass('name', name='text_pattern_ops'), name='asset_by_name'),
        ),
        migrations.AddIndex(
            model_name='asset',
            index=models.Index(models.F('workspace'), models.F('kind'), django.contrib.postgres.indexes.OpClass('uid', name='text_pattern_ops'), name='asset_by_uid_prefix'),
        ),
        migrations.AddIndex(
            model_name='asset',
            index=models.Index(condition=models.Q(('owner', ''), _negated=True), fields=['workspace', 'owner'], name='asset_by_owner'),
        ),
        migrations.AddConstraint(
            model_name='asset',
            constraint=models.UniqueConstraint(fields=('workspace', 'kind', 'uid'), name='asset_once'),
        ),
        migrations.AddConstraint(
            model_name='derivedfact',
            constraint=models.UniqueConstraint(condition=models.Q(('rev_to__isnull', True)), fields=('workspace', 'asset', 'name'), name='derived_current_once'),
        ),
        migrations.AddConstraint(
            model_name='derivedfact',
            constraint=models.CheckConstraint(condition=models.Q(('rev_to__isnull', True), ('rev_to__gt', models.F('rev_from')), _connector='OR'), name='derived_revisions_ordered'),
        ),
        migrations.AddIndex(
            model_name='event',
            index=models.Index(fields=['workspace', 'id'], name='event_by_id'),
        ),
        migrations.AddIndex(
            model_name='event',
            index=models.Index(fields=['workspace', 'source', 'id'], name='event_by_source'),
        ),
        migrations.AddConstraint(
            model_name='eventreceipt',
            constraint=models.UniqueConstraint(fields=('workspace', 'content_digest'), name='receipt_once'),
        ),
        migrations.AddIndex(
            model_name='flow',
            index=models.Index(condition=models.Q(('rev_to__isnull', True)), fields=['workspace', 'from_dataset'], name='flow_out'),
        ),
        migrations.AddIndex(
            model_name='flow',
            index=models.Index(condition=models.Q(('rev_to__isnull', True)), fields=['workspace', 'to_dataset'], name='flow_in'),
        ),
        migrations.AddConstraint(
            model_name='flow',
            constraint=models.UniqueConstraint(condition=models.Q(('rev_to__isnull', True)), fields=('workspace', 'from_dataset', 'to_dataset', 'job'), name='flow_current_once'),
        ),
        migrations.AddConstraint(
            model_name='flow',
            constraint=models.CheckConstraint(condition=models.Q(('rev_to__isnull', True), ('rev_to__gt', models.F('rev_from')), _connector='OR'), name='flow_revisions_ordered'),
        ),
        migrations.AddConstraint(
            model_name='hookdelivery',
            constraint=models.UniqueConstraint(fields=('workspace', 'hook', 'message_id'), name='hook_message_once'),
        ),
        migrations.AddIndex(
            model_name='rejectedrow',
            index=models.Index(fields=['workspace', 'event', 'line'], name='rejected_by_event'),
        ),
        migrations.AddIndex(
            model_name='rundataset',
            index=models.Index(fields=['workspace', 'dataset', 'direction'], name='run_dataset_by_dataset'),
        ),
        migrations.AddIndex(
            model_name='rundataset',
            index=models.Index(condition=models.Q(('wrote_at__isnull', False)), fields=['workspace', 'dataset', '-wrote_at'], name='run_dataset_wrote'),
        ),
        migrations.AddConstraint(
            model_name='rundataset',
            constraint=models.UniqueConstraint(fields=('workspace', 'run', 'dataset', 'direction'), name='run_dataset_once'),
        ),
        migrations.AddConstraint(
            model_name='rundeclaration',
            constraint=models.UniqueConstraint(fields=('workspace', 'run', 'carrier', 'facet'), name='run_declaration_once'),
        ),
        migrations.AddIndex(
            model_name='runflow',
            index=models.Index(fields=['workspace', 'from_dataset', 'to_dataset', 'seen_at'], name='run_flow_by_pair'),
        ),
        migrations.AddConstraint(
            model_name='runflow',
            constraint=models.UniqueConstraint(fields=('workspace', 'run', 'from_dataset', 'to_dataset'), name='run_flow_once'),
        ),
        migrations.AddConstraint(
            model_name='source',
            constraint=models.UniqueConstraint(fields=('workspace', 'door', 'name'), name='source_once'),
        ),
        migrations.AddIndex(
            model_name='run',
            index=models.Index(fields=['workspace', 'job', 'started_at'], name='run_by_job'),
        ),
        migrations.AddIndex(
            model_name='run',
            index=models.Index(fields=['workspace', 'asset'], name='run_by_asset'),
        ),
        migrations.AddIndex(
            model_name='run',
            index=models.Index(fields=['workspace', 'source', 'seen_at'], name='run_by_source'),
        ),
        migrations.AddConstraint(
            model_name='run',
            constraint=models.UniqueConstraint(fields=('workspace', 'job', 'run_id'), name='run_once'),
        ),
        migrations.AddConstraint(
            model_name='run',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('asset__isnull', True), ('run_id', '')), models.Q(models.Q(('run_id', ''), _negated=True), ('asset__isnull', False)), _connector='OR'), name='run_has_asset_unless_design'),
        ),
        migrations.AddIndex(
            model_name='relation',
            index=models.Index(condition=models.Q(('rev_to__isnull', True)), fields=['workspace', 'from_asset', 'name'], name='relation_out'),
        ),
        migrations.AddIndex(
            model_name='relation',
            index=models.Index(condition=models.Q(('rev_to__isnull', True)), fields=['workspace', 'to_asset', 'name'], name='relation_in'),
        ),
        migrations.AddConstraint(
            model_name='relation',
            constraint=models.UniqueConstraint(condition=models.Q(('rev_to__isnull', True)), fields=('workspace', 'from_asset', 'name', 'to_asset', 'source', 'reported_from'), name='relation_current_once', nulls_distinct=False),
        ),
        migrations.AddConstraint(
            model_name='relation',
            constraint=models.CheckConstraint(condition=models.Q(('rev_to__isnull', True), ('rev_to__gt', models.F('rev_from')), _connector='OR'), name='relation_revisions_ordered'),
        ),
        migrations.AddConstraint(
            model_name='importresult',
            constraint=models.UniqueConstraint(fields=('workspace', 'event'), name='import_result_once'),
        ),
        migrations.AddIndex(
            model_name='factset',
            index=models.Index(fields=['workspace', 'asset', 'rev_from'], name='factset_by_asset'),
        ),
        migrations.AddIndex(
            model_name='factset',
            index=models.Index(condition=models.Q(('rev_to__isnull', True)), fields=['workspace', 'source'], name='factset_by_source'),
        ),
        migrations.AddConstraint(
            model_name='factset',
            constraint=models.UniqueConstraint(condition=models.Q(('rev_to__isnull', True)), fields=('workspace', 'asset', 'source'), name='factset_current_once'),
        ),
        migrations.AddConstraint(
            model_name='factset',
            constraint=models.CheckConstraint(condition=models.Q(('rev_to__isnull', True), ('rev_to__gt', models.F('rev_from')), _connector='OR'), name='factset_revisions_ordered'),
        ),
    ]
