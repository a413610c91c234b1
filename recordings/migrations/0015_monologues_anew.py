"""A monologue goes on over words wholly within it: what was measured otherwise is measured anew.

Until then, and for good where the sound is not known any more, such a call has no monologues.
"""

from django.db import migrations, models

_CHANGED = ("agent_monologue_s", "customer_monologue_s")
_BATCH = 500


def forget_monologues(apps, schema_editor) -> None:
    calls = apps.get_model("recordings", "CallFigures").objects
    batch = []
    for measured in calls.filter(figures__has_key=_CHANGED[0]).order_by("pk").iterator(_BATCH):
        for name in _CHANGED:
            measured.figures.pop(name, None)
        measured.outdated = True
        batch.append(measured)
        if len(batch) == _BATCH:
            calls.bulk_update(batch, ["figures", "outdated"])
            batch.clear()
    calls.bulk_update(batch, ["figures", "outdated"])


class Migration(migrations.Migration):
    dependencies = [("recordings", "0014_transcripts_in_zips")]

    operations = [
        migrations.AddField(
            "callfigures",
            "outdated",
            models.BooleanField(
                default=False, help_text="A definition has changed since: to be measured anew."
            ),
        ),
        migrations.AddIndex(
            "callfigures",
            models.Index(
                fields=["id"],
                condition=models.Q(("outdated", True)),
                name="calls_to_measure_anew",
            ),
        ),
        migrations.RunPython(forget_monologues, migrations.RunPython.noop),
    ]
