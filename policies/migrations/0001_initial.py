import accounts.workspaces.ids
import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

from accounts.workspaces.partitions import CreatePartitionedModel


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('accounts', '0001_initial'),
        ('lineage', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='ChecklistVersion',
            fields=[
                ('id', models.UUIDField(default=accounts.workspaces.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('checklist', models.CharField(max_length=40)),
                ('title', models.CharField(max_length=200)),
                ('answers', models.TextField(blank=True)),
                ('content_hash', models.CharField(max_length=64)),
                ('body', models.JSONField()),
                ('published_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('active', models.BooleanField(default=True)),
                ('workspace', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.workspace')),
            ],
        ),
        migrations.CreateModel(
            name='Check',
            fields=[
                ('id', models.UUIDField(default=accounts.workspaces.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('checklist', models.CharField(max_length=40)),
                ('check_id', models.CharField(max_length=20)),
                ('slot', models.SmallIntegerField()),
                ('kind', models.CharField(max_length=40)),
                ('type', models.CharField(max_length=10)),
                ('severity', models.CharField(max_length=10)),
                ('question', models.TextField()),
                ('body', models.JSONField()),
                ('check_hash', models.CharField(max_length=64)),
                ('workspace', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.workspace')),
                ('version', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='checks', to='policies.checklistversion')),
            ],
        ),
        migrations.CreateModel(
            name='Evaluation',
            fields=[
                ('id', models.UUIDField(default=accounts.workspaces.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('cause', models.CharField(max_length=20)),
                ('now', models.DateTimeField()),
                ('subjects', models.IntegerField()),
                ('changed', models.IntegerField()),
                ('rev', models.BigIntegerField()),
                ('statement', models.UUIDField(null=True)),
                ('finished_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('workspace', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.workspace')),
            ],
        ),
        migrations.CreateModel(
            name='JudgedLeaf',
            fields=[
                ('id', models.UUIDField(default=accounts.workspaces.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('statement', models.UUIDField()),
                ('leaf_index', models.IntegerField()),
                ('leaf', models.BinaryField()),
                ('workspace', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.workspace')),
            ],
        ),
        migrations.CreateModel(
            name='PopulationBucket',
            fields=[
                ('id', models.UUIDField(default=accounts.workspaces.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('bucket', models.SmallIntegerField()),
                ('digest', models.BinaryField(max_length=32)),
                ('workspace', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.workspace')),
            ],
        ),
        CreatePartitionedModel(
            name='Transition',
            fields=[
                ('id', models.UUIDField(default=accounts.workspaces.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(max_length=40)),
                ('uid', models.CharField(max_length=4000)),
                ('checklist', models.CharField(max_length=40)),
                ('check_id', models.CharField(max_length=20)),
                ('slot', models.SmallIntegerField()),
                ('check_hash', models.CharField(max_length=64)),
                ('old', models.SmallIntegerField()),
                ('new', models.SmallIntegerField()),
                ('grade', models.CharField(blank=True, max_length=1)),
                ('reason', models.TextField(blank=True)),
                ('flip_at', models.DateTimeField(null=True)),
                ('judged_at', models.DateTimeField()),
                ('rev', models.BigIntegerField()),
                ('statement', models.UUIDField()),
                ('leaf_index', models.IntegerField()),
                ('asset', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='lineage.asset')),
                ('workspace', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.workspace')),
            ],
        ),
        migrations.CreateModel(
            name='VerdictCount',
            fields=[
                ('id', models.UUIDField(default=accounts.workspaces.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('checklist', models.CharField(max_length=40)),
                ('check_id', models.CharField(max_length=20)),
                ('code', models.SmallIntegerField()),
                ('grade', models.CharField(blank=True, max_length=1)),
                ('count', models.BigIntegerField()),
                ('entity', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='lineage.asset')),
                ('workspace', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.workspace')),
            ],
        ),
        migrations.CreateModel(
            name='VerdictVector',
            fields=[
                ('id', models.UUIDField(default=accounts.workspaces.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('checklist', models.CharField(max_length=40)),
                ('entity', models.UUIDField(null=True)),
                ('bucket', models.SmallIntegerField()),
                ('codes', models.BinaryField()),
                ('grades', models.BinaryField()),
                ('flip_at', django.contrib.postgres.fields.ArrayField(base_field=models.DateTimeField(null=True), size=None)),
                ('flip_to', models.BinaryField()),
                ('stale_at', django.contrib.postgres.fields.ArrayField(base_field=models.DateTimeField(null=True), size=None)),
                ('fails_at', models.DateTimeField(null=True)),
                ('judged_at', models.DateTimeField()),
                ('rev', models.BigIntegerField()),
                ('asset', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='lineage.asset')),
                ('version', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='policies.checklistversion')),
                ('workspace', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.workspace')),
            ],
        ),
        migrations.AddConstraint(
            model_name='checklistversion',
            constraint=models.UniqueConstraint(fields=('workspace', 'checklist', 'content_hash'), name='checklist_content_once'),
        ),
        migrations.AddConstraint(
            model_name='checklistversion',
            constraint=models.UniqueConstraint(condition=models.Q(('active', True)), fields=('workspace', 'checklist'), name='checklist_active_once'),
        ),
        migrations.AddConstraint(
            model_name='check',
            constraint=models.UniqueConstraint(fields=('workspace', 'version', 'check_id'), name='check_once'),
        ),
        migrations.AddConstraint(
            model_name='check',
            constraint=models.UniqueConstraint(fields=('workspace', 'version', 'slot'), name='check_slot_once'),
        ),
        migrations.AddConstraint(
            model_name='check',
            constraint=models.CheckConstraint(condition=models.Q(('severity__in', ['critical', 'high', 'medium', 'low'])), name='check_severity_known'),
        ),
        migrations.AddIndex(
            model_name='evaluation',
            index=models.Index(fields=['workspace', 'finished_at'], name='evaluation_by_time'),
        ),
        migrations.AddConstraint(
            model_name='judgedleaf',
            constraint=models.UniqueConstraint(fields=('workspace', 'statement', 'leaf_index'), name='leaf_once'),
        ),
        migrations.AddConstraint(
            model_name='populationbucket',
            constraint=models.UniqueConstraint(fields=('workspace', 'bucket'), name='population_bucket_once'),
        ),
        migrations.AddIndex(
            model_name='transition',
            index=models.Index(fields=['workspace', 'asset', 'check_id', 'id'], name='transition_by_asset'),
        ),
        migrations.AddIndex(
            model_name='transition',
            index=models.Index(fields=['workspace', 'rev'], name='transition_by_rev'),
        ),
        migrations.AddIndex(
            model_name='transition',
            index=models.Index(fields=['workspace', 'statement', 'leaf_index'], name='transition_by_statement'),
        ),
        migrations.AddIndex(
            model_name='transition',
            index=models.Index(fields=['workspace', 'checklist', 'id'], name='transition_by_checklist'),
        ),
        migrations.AddConstraint(
            model_name='verdictcount',
            constraint=models.UniqueConstraint(fields=('workspace', 'checklist', 'check_id', 'entity', 'code', 'grade'), name='verdict_count_once', nulls_distinct=False),
        ),
        migrations.AddConstraint(
            model_name='verdictcount',
            constraint=models.CheckConstraint(condition=models.Q(('count__gte', 0)), name='verdict_count_not_negative'),
        ),
        migrations.AddIndex(
            model_name='verdictvector',
            index=models.Index(fields=['workspace', 'checklist', 'asset'], name='vector_by_checklist'),
        ),
        migrations.AddIndex(
            model_name='verdictvector',
            index=models.Index(fields=['workspace', 'bucket'], name='vector_by_bucket'),
        ),
        migrations.AddIndex(
            model_name='verdictvector',
            index=models.Index(condition=models.Q(('fails_at__isnull', False)), fields=['workspace', 'fails_at'], name='vector_will_fail'),
        ),
        migrations.AddConstraint(
            model_name='verdictvector',
            constraint=models.UniqueConstraint(fields=('workspace', 'asset', 'checklist'), name='vector_once'),
        ),
    ]
