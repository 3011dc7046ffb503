"""Find the newest finished run of a job, and let questions about relations go into each part of their view.

All parts of the view must have columns of one type, else PostgreSQL builds the whole of it before it looks at a
condition.
"""

from django.db import migrations, models

_VIEW = """
CREATE OR REPLACE VIEW lineage_related WITH (security_invoker = true) AS
SELECT workspace_id, id, from_asset_id, name, to_asset_id, source_id, reported_from, rev_to FROM lineage_relation
UNION ALL
SELECT workspace_id, id, asset_id, 'of_job', job_id, NULL, true, NULL FROM lineage_run WHERE asset_id IS NOT NULL
UNION ALL
SELECT workspace_id, id, job_id, 'runs', asset_id, NULL, false, NULL FROM lineage_run WHERE asset_id IS NOT NULL
UNION ALL
SELECT r.workspace_id, d.id, r.asset_id, (CASE d.direction WHEN 'input' THEN 'inputs' ELSE 'outputs' END)::varchar,
       d.dataset_id, NULL, true, NULL
FROM lineage_run r
JOIN lineage_jobversiondataset d ON d.workspace_id = r.workspace_id AND d.version_id = r.version_id
WHERE r.asset_id IS NOT NULL
"""


class Migration(migrations.Migration):

    dependencies = [
        ('lineage', '0017_gaps_that_were_there'),
    ]

    operations = [
        migrations.RunSQL(_VIEW, migrations.RunSQL.noop),
        migrations.RemoveIndex(
            model_name='run',
            name='run_by_job',
        ),
        migrations.AddIndex(
            model_name='run',
            index=models.Index(condition=models.Q(('ended_at__isnull', False)), fields=['workspace', 'job', '-ended_at', '-run_id'], name='run_finished'),
        ),
    ]
