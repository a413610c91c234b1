"""A ZIP holds the transcripts' original words, their translation, or both."""

from django.db import migrations, models


def keep_choice(apps, schema_editor):
    apps.get_model("recordings", "Export").objects.filter(transcripts=True).update(
        transcript_text="both"
    )


class Migration(migrations.Migration):
    dependencies = [("recordings", "0013_measured_calls")]

    operations = [
        migrations.AddField(
            "export", "transcript_text", models.CharField(blank=True, max_length=20)
        ),
        migrations.RunPython(keep_choice, migrations.RunPython.noop),
        migrations.RemoveField("export", "transcripts"),
    ]
