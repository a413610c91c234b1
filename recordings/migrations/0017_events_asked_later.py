"""An event that only Kallglot can place is asked about ever more seldom."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("recordings", "0016_calls_in_zips")]

    operations = [
        migrations.AddField("webhookevent", "next_at", models.DateTimeField(blank=True, null=True)),
    ]
