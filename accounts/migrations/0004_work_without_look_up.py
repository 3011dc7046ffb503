"""Look up the workspace of a piece of work no more: it comes in the transaction of its cause, and goes."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0003_governed_acts'),
    ]

    operations = [
        migrations.AlterField(
            model_name='work',
            name='workspace',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.workspace'),
        ),
    ]
