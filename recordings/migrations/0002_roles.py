"""The three groups with their permissions."""

from django.db import migrations

from recordings.roles import grant


class Migration(migrations.Migration):
    dependencies = [
        ("recordings", "0001_calls"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [migrations.RunPython(grant, migrations.RunPython.noop)]
