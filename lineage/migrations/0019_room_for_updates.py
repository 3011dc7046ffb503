"""Leave room in the pages of rows that runs bring up to date again and again.

The new version of a row then lies beside the old one, and no index is told of it: most updates touched all of a table's
indexes for a count or a time that none of them holds.
"""

from django.db import migrations

ROOM = {
    "lineage_asset": 80,
    "lineage_facet": 70,
    "lineage_factset": 80,
    "lineage_flow": 70,
    "lineage_jobversion": 70,
    "lineage_jobversionday": 70,
}
"""Table -> how full its pages are made, in per cent."""


class Migration(migrations.Migration):

    dependencies = [
        ('lineage', '0018_runs_by_end'),
    ]

    operations = [
        migrations.RunSQL(
            f"ALTER TABLE {table} SET (fillfactor = {share})", f"ALTER TABLE {table} RESET (fillfactor)"
        )
        for table, share in ROOM.items()
    ]
