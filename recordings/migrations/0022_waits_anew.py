"""Words that begin together with the other side's and end within them take no turn.

The waits of calls that were measured otherwise are measured anew, from the speech that is known.
"""

from django.db import migrations


def measure_anew(apps, schema_editor) -> None:
    apps.get_model("recordings", "CallFigures").objects.update(outdated=True)


class Migration(migrations.Migration):
    dependencies = [("recordings", "0021_private_notes_go_with_the_account")]

    operations = [migrations.RunPython(measure_anew, migrations.RunPython.noop)]
