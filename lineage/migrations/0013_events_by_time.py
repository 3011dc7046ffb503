"""Find RunEvents by the producer's time."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('lineage', '0012_trace_what_was_there'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='event',
            index=models.Index(condition=models.Q(('kind', 'run')), fields=['workspace', 'event_time', 'id'], name='event_by_time'),
        ),
    ]
