from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("recordings", "0018_notes"),
    ]

    operations = [
        migrations.AddField(
            model_name="vendorstate",
            name="kept_for_people_until",
            field=models.DateTimeField(blank=True, null=True),
        ),
    ]
