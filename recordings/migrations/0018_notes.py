"""Notes, the rights to write and to delete them, and their words in the trail."""

from functools import partial

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

from recordings.roles import grant


class Migration(migrations.Migration):
    dependencies = [
        ("recordings", "0017_events_asked_later"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterField(
            model_name="access",
            name="action",
            field=models.CharField(
                choices=[
                    ("play", "Played"),
                    ("download", "Downloaded"),
                    ("export", "Exported"),
                    ("note_added", "Added a note"),
                    ("note_changed", "Changed a note"),
                    ("note_deleted", "Deleted a note"),
                    ("note_resolved", "Resolved a note"),
                    ("note_reopened", "Reopened a note"),
                ],
                max_length=20,
            ),
        ),
        migrations.AlterField(
            model_name="auditevent",
            name="action",
            field=models.CharField(
                choices=[
                    ("play", "Played"),
                    ("download", "Downloaded"),
                    ("export", "Exported"),
                    ("note_added", "Added a note"),
                    ("note_changed", "Changed a note"),
                    ("note_deleted", "Deleted a note"),
                    ("note_resolved", "Resolved a note"),
                    ("note_reopened", "Reopened a note"),
                ],
                max_length=20,
            ),
        ),
        migrations.CreateModel(
            name="Note",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("author_name", models.CharField(max_length=150)),
                ("start", models.FloatField(help_text="Seconds.")),
                ("end", models.FloatField(blank=True, help_text="Seconds.", null=True)),
                ("text", models.TextField(max_length=4000)),
                ("is_private", models.BooleanField(default=False)),
                ("resolved_at", models.DateTimeField(blank=True, null=True)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("edited_at", models.DateTimeField(blank=True, null=True)),
                ("version", models.PositiveIntegerField(default=1)),
                ("key", models.UUIDField()),
                (
                    "author",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="notes",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "resolved_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "session",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="notes",
                        to="recordings.session",
                    ),
                ),
            ],
            options={
                "default_permissions": ("add", "delete"),
                "indexes": [models.Index(fields=["session", "start"], name="notes_of_a_call")],
                "constraints": [
                    models.UniqueConstraint(fields=("author", "key"), name="one_note_per_form"),
                    models.CheckConstraint(
                        condition=models.Q(("start__gte", 0)), name="note_in_the_call"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("end", None), ("end__gt", models.F("start")), _connector="OR"
                        ),
                        name="note_ends_after_its_start",
                    ),
                ],
            },
        ),
        migrations.RunPython(
            partial(grant, only=("add_note", "delete_note")), migrations.RunPython.noop
        ),
    ]
