from django.db import migrations, models
from django.db.models import Min, OuterRef, Subquery
from django.db.models.functions import Coalesce, Now


def fill(apps, schema_editor) -> None:
    """The next recording of each call to expire; for a call that is over, when the last one did."""
    kept = apps.get_model("recordings", "Recording").objects.filter(
        session=OuterRef("pk"), expires_at__gt=Now(), gone_since=None
    )
    first = kept.order_by().values("session").annotate(first=Min("expires_at")).values("first")
    apps.get_model("recordings", "Session").objects.update(
        expires_first=Coalesce(Subquery(first), "expires_last")
    )


_BLANKS_LAST = ("length_s", "expires_first")


def index_backwards(apps, schema_editor) -> None:
    """PostgreSQL reads an index backwards with its blanks first; SQLite has them last anyway."""
    if schema_editor.connection.vendor == "postgresql":
        for column in _BLANKS_LAST:
            schema_editor.execute(
                f"CREATE INDEX calls_by_{column}_down ON recordings_session "
                f"({column} DESC NULLS LAST, id DESC)"
            )


def drop_backwards(apps, schema_editor) -> None:
    if schema_editor.connection.vendor == "postgresql":
        for column in _BLANKS_LAST:
            schema_editor.execute(f"DROP INDEX calls_by_{column}_down")


class Migration(migrations.Migration):
    dependencies = [("recordings", "0008_lanes")]

    operations = [
        migrations.AddField(
            model_name="session",
            name="expires_first",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
        migrations.AddIndex(
            model_name="session",
            index=models.Index(fields=["expires_first"], name="calls_by_first_expiry"),
        ),
        migrations.RunPython(index_backwards, drop_backwards),
    ]
