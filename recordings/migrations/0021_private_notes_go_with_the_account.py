"""Private notes go with their author's account; those that were left behind go now."""

from django.conf import settings
from django.db import migrations, models

import recordings.models.notes


def remove_left_behind(apps, schema_editor):
    apps.get_model("recordings", "Note").objects.filter(is_private=True, author=None).delete()


class Migration(migrations.Migration):
    dependencies = [
        ("recordings", "0020_quick_words"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterField(
            model_name="note",
            name="author",
            field=models.ForeignKey(
                null=True,
                on_delete=recordings.models.notes.keep_team_notes,
                related_name="notes",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.RunPython(remove_left_behind, migrations.RunPython.noop),
    ]
