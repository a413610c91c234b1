"""A ZIP knows the calls in it, also those of which it holds the transcript alone."""

from django.db import migrations, models


def take_all_chosen(apps, schema_editor):
    """Which calls a ZIP from before holds is not known; all that were chosen is the safe side."""
    apps.get_model("recordings", "Export").objects.filter(kind="zip", state="ready").update(
        held_session_ids=models.F("session_ids")
    )


class Migration(migrations.Migration):
    dependencies = [("recordings", "0015_monologues_anew")]

    operations = [
        migrations.AddField("export", "held_session_ids", models.JSONField(default=list)),
        migrations.RunPython(take_all_chosen, migrations.RunPython.noop),
    ]
