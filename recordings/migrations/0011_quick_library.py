from collections import defaultdict

from django.db import migrations, models

_FILTERED_BY = (
    *("team", "recordings_state", "expires_last", "channels", "formats"),
    *("mode", "source_language", "target_language"),
)
_AT_ONCE = 500
# Columns that are sorted with their blanks last, and the other one of them.
_BLANKS_LAST = {"length_s": "expires_first", "expires_first": "length_s"}


def fill(apps, schema_editor) -> None:
    """The formats of the recordings of each call."""
    recordings = apps.get_model("recordings", "Recording").objects.order_by()
    formats = defaultdict(set)
    for session, word in recordings.values_list("session", "format").distinct().iterator():
        formats[session].add(word)
    alike = defaultdict(list)
    for session, words in formats.items():
        alike[f",{','.join(sorted(words))},"[:130]].append(session)
    sessions = apps.get_model("recordings", "Session").objects
    for listed, numbers in alike.items():
        for start in range(0, len(numbers), _AT_ONCE):
            sessions.filter(pk__in=numbers[start : start + _AT_ONCE]).update(formats=listed)


def widen_backwards(apps, schema_editor) -> None:
    """As in 0009_expires_first, with all that the library filters by."""
    if schema_editor.connection.vendor == "postgresql":
        filtered_by = ", ".join("team_id" if name == "team" else name for name in _FILTERED_BY)
        for column, other in _BLANKS_LAST.items():
            schema_editor.execute(f"DROP INDEX calls_by_{column}_down")
            schema_editor.execute(
                f"CREATE INDEX calls_by_{column}_down ON recordings_session "
                f"({column} DESC NULLS LAST, id DESC, {filtered_by}, sort_at, {other})"
            )


def narrow_backwards(apps, schema_editor) -> None:
    if schema_editor.connection.vendor == "postgresql":
        for column in _BLANKS_LAST:
            schema_editor.execute(f"DROP INDEX calls_by_{column}_down")
            schema_editor.execute(
                f"CREATE INDEX calls_by_{column}_down ON recordings_session "
                f"({column} DESC NULLS LAST, id DESC)"
            )


class Migration(migrations.Migration):
    dependencies = [("recordings", "0010_listening")]

    operations = [
        migrations.RemoveIndex(model_name="session", name="newest_calls"),
        migrations.RemoveIndex(model_name="session", name="calls_by_length"),
        migrations.RemoveIndex(model_name="session", name="calls_by_expiry"),
        migrations.RemoveIndex(model_name="session", name="calls_by_first_expiry"),
        migrations.AddField(
            model_name="session",
            name="formats",
            field=models.CharField(blank=True, editable=False, max_length=130),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
        migrations.AddIndex(
            model_name="session",
            index=models.Index(
                fields=["-sort_at", "-id", *_FILTERED_BY, "length_s", "expires_first"],
                name="newest_calls",
            ),
        ),
        migrations.AddIndex(
            model_name="session",
            index=models.Index(
                fields=["length_s", "id", *_FILTERED_BY, "sort_at", "expires_first"],
                name="calls_by_length",
            ),
        ),
        migrations.AddIndex(
            model_name="session",
            index=models.Index(
                fields=["expires_first", "id", *_FILTERED_BY, "sort_at", "length_s"],
                name="calls_by_first_expiry",
            ),
        ),
        migrations.RunPython(widen_backwards, narrow_backwards),
    ]
