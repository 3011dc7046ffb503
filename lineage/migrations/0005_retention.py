
import accounts.workspaces.ids
import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0002_indexes_of_lists'),
        ('lineage', '0004_job_versions'),
    ]

    operations = [
        migrations.CreateModel(
            name='Deletion',
            fields=[
                ('id', models.UUIDField(default=accounts.workspaces.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('statement', models.UUIDField()),
                ('count', models.IntegerField()),
                ('first', models.UUIDField()),
                ('last', models.UUIDField()),
                ('deleted_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('workspace', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.workspace')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='RetentionRule',
            fields=[
                ('id', models.UUIDField(default=accounts.workspaces.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(choices=[('run', 'OpenLineage RunEvent'), ('job', 'OpenLineage JobEvent'), ('dataset', 'OpenLineage DatasetEvent'), ('inventory', 'Inventory batch')], max_length=12, null=True)),
                ('source', models.CharField(max_length=120, null=True)),
                ('data_class', models.CharField(choices=[('public', 'Public'), ('internal', 'Internal'), ('confidential', 'Confidential'), ('restricted', 'Restricted'), ('personal', 'Personal'), ('personal_special', 'Special personal')], max_length=20, null=True)),
                ('days', models.IntegerField()),
                ('reason', models.CharField(max_length=1000)),
                ('set_by', models.CharField(max_length=80)),
                ('set_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('ended_by', models.CharField(max_length=80, null=True)),
                ('ended_at', models.DateTimeField(null=True)),
                ('workspace', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.workspace')),
            ],
        ),
        migrations.CreateModel(
            name='DeletionReceipt',
            fields=[
                ('id', models.UUIDField(default=accounts.workspaces.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(choices=[('run', 'OpenLineage RunEvent'), ('job', 'OpenLineage JobEvent'), ('dataset', 'OpenLineage DatasetEvent'), ('inventory', 'Inventory batch')], max_length=12)),
                ('received_digest', models.BinaryField(max_length=32)),
                ('kept_digest', models.BinaryField(max_length=32)),
                ('received_at', models.DateTimeField()),
                ('deletion', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='lineage.deletion')),
                ('workspace', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.workspace')),
                ('rule', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='lineage.retentionrule')),
            ],
        ),
        migrations.CreateModel(
            name='LegalHold',
            fields=[
                ('id', models.UUIDField(default=accounts.workspaces.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('scope', models.CharField(choices=[('everything', 'All events of the workspace'), ('namespace', 'Events that name a namespace with this prefix'), ('asset', 'Events that name this asset'), ('sender', 'Events of this sender'), ('source', 'Inventory batches of this source'), ('received', 'Events received in a range of time, both ends included'), ('event', 'One event')], max_length=10)),
                ('namespace', models.CharField(max_length=400, null=True)),
                ('asset_kind', models.CharField(max_length=40, null=True)),
                ('asset_uid', models.CharField(max_length=4000, null=True)),
                ('asset_sources', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=400), default=list, size=None)),
                ('sender', models.CharField(max_length=80, null=True)),
                ('source', models.CharField(max_length=120, null=True)),
                ('received_from', models.DateTimeField(null=True)),
                ('received_until', models.DateTimeField(null=True)),
                ('event', models.UUIDField(null=True)),
                ('reason', models.CharField(max_length=1000)),
                ('reference', models.CharField(blank=True, max_length=200)),
                ('placed_by', models.CharField(max_length=80)),
                ('placed_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('released_by', models.CharField(max_length=80, null=True)),
                ('released_at', models.DateTimeField(null=True)),
                ('release_reason', models.CharField(max_length=1000, null=True)),
                ('workspace', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.workspace')),
            ],
            options={
                'indexes': [models.Index(fields=['workspace', 'id'], name='hold_by_id'), models.Index(condition=models.Q(('released_at', None)), fields=['workspace'], name='hold_in_force')],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('asset_kind__isnull', True), ('asset_uid__isnull', True), ('event__isnull', True), ('namespace__isnull', True), ('received_from__isnull', True), ('received_until__isnull', True), ('scope', 'everything'), ('sender__isnull', True), ('source__isnull', True)), models.Q(('asset_kind__isnull', True), ('asset_uid__isnull', True), ('event__isnull', True), ('received_from__isnull', True), ('received_until__isnull', True), ('scope', 'namespace'), ('sender__isnull', True), ('source__isnull', True), ('namespace__isnull', False)), models.Q(('event__isnull', True), ('namespace__isnull', True), ('received_from__isnull', True), ('received_until__isnull', True), ('scope', 'asset'), ('sender__isnull', True), ('source__isnull', True), ('asset_kind__isnull', False), ('asset_uid__isnull', False)), models.Q(('asset_kind__isnull', True), ('asset_uid__isnull', True), ('event__isnull', True), ('namespace__isnull', True), ('received_from__isnull', True), ('received_until__isnull', True), ('scope', 'sender'), ('source__isnull', True), ('sender__isnull', False)), models.Q(('asset_kind__isnull', True), ('asset_uid__isnull', True), ('event__isnull', True), ('namespace__isnull', True), ('received_from__isnull', True), ('received_until__isnull', True), ('scope', 'source'), ('sender__isnull', True), ('source__isnull', False)), models.Q(('asset_kind__isnull', True), ('asset_uid__isnull', True), ('event__isnull', True), ('namespace__isnull', True), ('scope', 'received'), ('sender__isnull', True), ('source__isnull', True), models.Q(('received_from__isnull', False), ('received_until__isnull', False), _connector='OR')), models.Q(('asset_kind__isnull', True), ('asset_uid__isnull', True), ('namespace__isnull', True), ('received_from__isnull', True), ('received_until__isnull', True), ('scope', 'event'), ('sender__isnull', True), ('source__isnull', True), ('event__isnull', False)), _connector='OR'), name='hold_names_what_its_scope_says'), models.CheckConstraint(condition=models.Q(('placed_by__startswith', 'member:')), name='hold_placed_by_person'), models.CheckConstraint(condition=models.Q(models.Q(('release_reason', None), ('released_at', None), ('released_by', None)), models.Q(('release_reason__isnull', False), ('released_at__isnull', False), ('released_by__startswith', 'member:')), _connector='OR'), name='hold_released_by_person'), models.CheckConstraint(condition=models.Q(('released_by__isnull', True), models.Q(('released_by', models.F('placed_by')), _negated=True), _connector='OR'), name='hold_released_by_another')],
            },
        ),
        migrations.AddIndex(
            model_name='retentionrule',
            index=models.Index(fields=['workspace', 'id'], name='retention_by_id'),
        ),
        migrations.AddConstraint(
            model_name='retentionrule',
            constraint=models.UniqueConstraint(condition=models.Q(('ended_at', None)), fields=('workspace', 'kind', 'source', 'data_class'), name='retention_once_per_class', nulls_distinct=False),
        ),
        migrations.AddConstraint(
            model_name='retentionrule',
            constraint=models.CheckConstraint(condition=models.Q(('days__gte', 1)), name='retention_days_positive'),
        ),
        migrations.AddConstraint(
            model_name='retentionrule',
            constraint=models.CheckConstraint(condition=models.Q(('kind', None), ('kind__in', ['run', 'job', 'dataset', 'inventory']), _connector='OR'), name='retention_kind_known'),
        ),
        migrations.AddConstraint(
            model_name='retentionrule',
            constraint=models.CheckConstraint(condition=models.Q(('data_class', None), ('data_class__in', ['public', 'internal', 'confidential', 'restricted', 'personal', 'personal_special']), _connector='OR'), name='retention_data_class_known'),
        ),
        migrations.AddConstraint(
            model_name='retentionrule',
            constraint=models.CheckConstraint(condition=models.Q(('set_by__startswith', 'member:')), name='retention_set_by_person'),
        ),
        migrations.AddConstraint(
            model_name='retentionrule',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('ended_at', None), ('ended_by', None)), models.Q(('ended_at__isnull', False), ('ended_by__isnull', False)), _connector='OR'), name='retention_end_is_whole'),
        ),
        migrations.AddIndex(
            model_name='deletionreceipt',
            index=models.Index(fields=['workspace', 'id'], name='deletion_receipt_by_id'),
        ),
        migrations.AddIndex(
            model_name='deletionreceipt',
            index=models.Index(fields=['workspace', 'deletion', 'id'], name='deletion_receipt_by_batch'),
        ),
    ]
