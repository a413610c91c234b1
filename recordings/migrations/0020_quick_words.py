import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import OuterRef, Subquery

from recordings import search_index


def fill(apps, schema_editor) -> None:
    """The call of each recording that was played or downloaded."""
    recordings = apps.get_model("recordings", "Recording").objects.filter(pk=OuterRef("recording"))
    apps.get_model("recordings", "Access").objects.update(
        session=Subquery(recordings.values("session"))
    )


class Migration(migrations.Migration):
    dependencies = [
        ("recordings", "0019_allowance_kept_for_people"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="access",
            name="session",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                to="recordings.session",
            ),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
        migrations.AlterField(
            model_name="access",
            name="session",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                to="recordings.session",
            ),
        ),
        migrations.AddIndex(
            model_name="access",
            index=models.Index(fields=["user", "action", "session"], name="calls_played"),
        ),
        migrations.RunPython(search_index.add_beginnings, search_index.drop_beginnings),
    ]
