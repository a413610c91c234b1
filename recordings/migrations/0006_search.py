import django.db.models.deletion
from django.db import migrations, models

from recordings import search_index
from recordings.services import searching


def fill(apps, schema_editor) -> None:
    """Calls known from before are found by their ids, numbers and metadata."""
    sessions = apps.get_model("recordings", "Session").objects.prefetch_related("recordings")
    documents = apps.get_model("recordings", "SearchDocument")
    documents.objects.bulk_create(
        (
            documents(session=session, facts=searching.facts(session))
            for session in sessions.iterator(chunk_size=200)
        ),
        batch_size=200,
    )


class Migration(migrations.Migration):
    dependencies = [("recordings", "0005_background")]

    operations = [
        migrations.CreateModel(
            name="SearchDocument",
            fields=[
                (
                    "session",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="search_document",
                        serialize=False,
                        to="recordings.session",
                    ),
                ),
                ("facts", models.TextField(blank=True)),
                ("spoken", models.TextField(blank=True)),
            ],
            options={"default_permissions": ()},
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
        migrations.RunPython(search_index.make, search_index.drop),
    ]
