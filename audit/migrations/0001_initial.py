import accounts.workspaces.ids
import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('accounts', '0001_initial'),
        ('lineage', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='ExportSchedule',
            fields=[
                ('id', models.UUIDField(default=accounts.workspaces.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=120)),
                ('cron', models.CharField(max_length=80)),
                ('timezone', models.CharField(default='UTC', max_length=60)),
                ('enabled', models.BooleanField(default=True)),
                ('next_at', models.DateTimeField()),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('created_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('workspace', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.workspace')),
            ],
        ),
        migrations.CreateModel(
            name='Export',
            fields=[
                ('id', models.UUIDField(default=accounts.workspaces.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('state', models.CharField(choices=[('waiting', 'Waiting'), ('running', 'Running'), ('ready', 'Ready'), ('failed', 'Failed')], default='waiting', max_length=10)),
                ('slot', models.DateTimeField(null=True)),
                ('requested_by', models.CharField(max_length=80)),
                ('requested_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('finished_at', models.DateTimeField(null=True)),
                ('rev', models.BigIntegerField(null=True)),
                ('ledger_size', models.BigIntegerField(null=True)),
                ('progress', models.SmallIntegerField(default=0)),
                ('file_name', models.CharField(blank=True, max_length=200)),
                ('sha256', models.CharField(blank=True, max_length=64)),
                ('size', models.BigIntegerField(null=True)),
                ('error', models.TextField(blank=True)),
                ('workspace', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.workspace')),
                ('schedule', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='audit.exportschedule')),
            ],
        ),
        migrations.CreateModel(
            name='Finding',
            fields=[
                ('id', models.UUIDField(default=accounts.workspaces.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('check_id', models.CharField(max_length=20)),
                ('checklist', models.CharField(max_length=40)),
                ('family', models.CharField(max_length=10)),
                ('severity', models.CharField(max_length=10)),
                ('severity_rank', models.SmallIntegerField()),
                ('title', models.TextField()),
                ('kind', models.CharField(max_length=40)),
                ('uid', models.CharField(max_length=4000)),
                ('name', models.CharField(max_length=4000)),
                ('owner', models.CharField(blank=True, max_length=400)),
                ('state', models.CharField(choices=[('open', 'Open'), ('resolved', 'Resolved')], max_length=10)),
                ('detected_at', models.DateTimeField()),
                ('limit_days', models.SmallIntegerField()),
                ('due_at', models.DateTimeField()),
                ('resolved_at', models.DateTimeField(null=True)),
                ('reopened', models.SmallIntegerField(default=0)),
                ('grade', models.CharField(blank=True, max_length=1)),
                ('reason', models.TextField(blank=True)),
                ('transition', models.UUIDField()),
                ('statement', models.UUIDField()),
                ('rev', models.BigIntegerField()),
                ('asset', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='lineage.asset')),
                ('entity', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='lineage.asset')),
                ('workspace', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.workspace')),
            ],
        ),
        migrations.CreateModel(
            name='LedgerEntry',
            fields=[
                ('id', models.UUIDField(default=accounts.workspaces.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('index', models.BigIntegerField()),
                ('statement', models.UUIDField()),
                ('salt', models.BinaryField(max_length=32)),
                ('digest', models.BinaryField(max_length=32)),
                ('leaf_hash', models.BinaryField(max_length=32)),
                ('signature', models.BinaryField()),
                ('key_id', models.CharField(max_length=64)),
                ('sealed_at', models.DateTimeField()),
                ('workspace', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.workspace')),
            ],
        ),
        migrations.CreateModel(
            name='Question',
            fields=[
                ('id', models.UUIDField(default=accounts.workspaces.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('text', models.TextField()),
                ('asked_by', models.CharField(max_length=80)),
                ('asked_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('plan', models.JSONField()),
                ('rev', models.BigIntegerField()),
                ('answer', models.JSONField()),
                ('results_digest', models.CharField(max_length=64)),
                ('workspace', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.workspace')),
            ],
        ),
        migrations.CreateModel(
            name='Ticket',
            fields=[
                ('id', models.UUIDField(default=accounts.workspaces.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('number', models.IntegerField()),
                ('title', models.TextField()),
                ('state', models.CharField(choices=[('open', 'Open'), ('closed', 'Closed')], max_length=10)),
                ('due_at', models.DateTimeField()),
                ('opened_at', models.DateTimeField()),
                ('closed_at', models.DateTimeField(null=True)),
                ('reopened', models.SmallIntegerField(default=0)),
                ('assignee', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('finding', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='audit.finding')),
                ('workspace', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.workspace')),
            ],
        ),
        migrations.CreateModel(
            name='TicketEvent',
            fields=[
                ('id', models.UUIDField(default=accounts.workspaces.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('what', models.CharField(max_length=20)),
                ('detail', models.TextField(blank=True)),
                ('actor', models.CharField(max_length=80)),
                ('at', models.DateTimeField()),
                ('ticket', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='audit.ticket')),
                ('workspace', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.workspace')),
            ],
        ),
        migrations.CreateModel(
            name='Checkpoint',
            fields=[
                ('id', models.UUIDField(default=accounts.workspaces.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('size', models.BigIntegerField()),
                ('root', models.BinaryField(max_length=32)),
                ('frontier', models.JSONField()),
                ('note', models.TextField()),
                ('published_at', models.DateTimeField()),
                ('workspace', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.workspace')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('workspace', 'size'), name='checkpoint_size_once')],
            },
        ),
        migrations.AddIndex(
            model_name='exportschedule',
            index=models.Index(condition=models.Q(('enabled', True)), fields=['workspace', 'next_at'], name='schedule_due'),
        ),
        migrations.AddIndex(
            model_name='export',
            index=models.Index(fields=['workspace', 'requested_at'], name='export_by_time'),
        ),
        migrations.AddConstraint(
            model_name='export',
            constraint=models.UniqueConstraint(condition=models.Q(('schedule__isnull', False)), fields=('workspace', 'schedule', 'slot'), name='export_slot_once'),
        ),
        migrations.AddConstraint(
            model_name='export',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'ready'), _negated=True), models.Q(models.Q(('sha256', ''), _negated=True), ('size__isnull', False)), _connector='OR'), name='export_ready_is_whole'),
        ),
        migrations.AddIndex(
            model_name='finding',
            index=models.Index(fields=['workspace', 'state', 'severity_rank', 'due_at', 'id'], name='finding_worklist'),
        ),
        migrations.AddIndex(
            model_name='finding',
            index=models.Index(fields=['workspace', 'asset'], name='finding_by_asset'),
        ),
        migrations.AddIndex(
            model_name='finding',
            index=models.Index(fields=['workspace', 'family', 'state'], name='finding_by_family'),
        ),
        migrations.AddConstraint(
            model_name='finding',
            constraint=models.UniqueConstraint(fields=('workspace', 'check_id', 'kind', 'uid'), name='finding_fingerprint_once'),
        ),
        migrations.AddConstraint(
            model_name='finding',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('resolved_at__isnull', True), ('state', 'open')), models.Q(('resolved_at__isnull', False), ('state', 'resolved')), _connector='OR'), name='finding_resolved_has_time'),
        ),
        migrations.AddConstraint(
            model_name='finding',
            constraint=models.CheckConstraint(condition=models.Q(('due_at__gt', models.F('detected_at'))), name='finding_due_after_detection'),
        ),
        migrations.AddConstraint(
            model_name='ledgerentry',
            constraint=models.UniqueConstraint(fields=('workspace', 'index'), name='ledger_index_once'),
        ),
        migrations.AddConstraint(
            model_name='ledgerentry',
            constraint=models.UniqueConstraint(fields=('workspace', 'statement'), name='ledger_statement_once'),
        ),
        migrations.AddConstraint(
            model_name='ledgerentry',
            constraint=models.CheckConstraint(condition=models.Q(('index__gte', 0)), name='ledger_index_not_negative'),
        ),
        migrations.AddIndex(
            model_name='question',
            index=models.Index(fields=['workspace', 'asked_at'], name='question_by_time'),
        ),
        migrations.AddIndex(
            model_name='ticket',
            index=models.Index(fields=['workspace', 'state', 'due_at', 'id'], name='ticket_worklist'),
        ),
        migrations.AddConstraint(
            model_name='ticket',
            constraint=models.UniqueConstraint(fields=('workspace', 'finding'), name='ticket_once'),
        ),
        migrations.AddConstraint(
            model_name='ticket',
            constraint=models.UniqueConstraint(fields=('workspace', 'number'), name='ticket_number_once'),
        ),
        migrations.AddConstraint(
            model_name='ticket',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('closed_at__isnull', True), ('state', 'open')), models.Q(('closed_at__isnull', False), ('state', 'closed')), _connector='OR'), name='ticket_closed_has_time'),
        ),
        migrations.AddIndex(
            model_name='ticketevent',
            index=models.Index(fields=['workspace', 'ticket', 'at'], name='ticket_event_by_time'),
        ),
    ]
