from django.db import migrations, models
from django.db.models import OuterRef, Subquery

_MEASURED = ("longest_silence_s", "overlap_share", "agent_talk_share")
_SORTED_BY = ("sort_at", "length_s", "expires_first", *_MEASURED)
_FILTERED_BY = (
    *("team", "recordings_state", "expires_last", "channels", "formats"),
    *("mode", "source_language", "target_language"),
)
_INDEXES = {
    "length_s": "calls_by_length",
    "expires_first": "calls_by_first_expiry",
    "longest_silence_s": "calls_by_silence",
    "overlap_share": "calls_by_overlap",
    "agent_talk_share": "calls_by_agent_talk",
}


def _others(column: str, sorted_by: tuple[str, ...] = _SORTED_BY) -> list[str]:
    return [*_FILTERED_BY, *(other for other in sorted_by if other != column)]


def _index(name: str, column: str, sign: str = "") -> migrations.AddIndex:
    fields = [f"{sign}{column}", f"{sign}id", *_others(column)]
    return migrations.AddIndex("session", models.Index(fields=fields, name=name))


def fill(apps, schema_editor) -> None:
    """From the figures of each call to the call itself, and the other way on the way back."""
    _copy(apps, "CallFigures", "session", "Session", "pk")


def fill_back(apps, schema_editor) -> None:
    _copy(apps, "Session", "pk", "CallFigures", "session")


def _copy(apps, source: str, source_key: str, target: str, target_key: str) -> None:
    known = apps.get_model("recordings", source).objects.order_by()
    found = known.filter(**{source_key: OuterRef(target_key)})
    apps.get_model("recordings", target).objects.update(
        **{name: Subquery(found.values(name)) for name in _MEASURED}
    )


def widen_backwards(apps, schema_editor) -> None:
    """As in 0011_quick_library, for the new orders too."""
    _index_backwards(schema_editor, drop=("length_s", "expires_first"), sorted_by=_SORTED_BY)


def narrow_backwards(apps, schema_editor) -> None:
    sorted_by = ("sort_at", "length_s", "expires_first")
    _index_backwards(schema_editor, drop=tuple(_INDEXES), sorted_by=sorted_by)


def _index_backwards(schema_editor, *, drop: tuple[str, ...], sorted_by: tuple[str, ...]) -> None:
    if schema_editor.connection.vendor != "postgresql":
        return
    for column in drop:
        schema_editor.execute(f"DROP INDEX calls_by_{column}_down")
    for column in sorted_by[1:]:
        names = (name.replace("team", "team_id") for name in _others(column, sorted_by))
        schema_editor.execute(
            f"CREATE INDEX calls_by_{column}_down ON recordings_session "
            f"({column} DESC NULLS LAST, id DESC, {', '.join(names)})"
        )


class Migration(migrations.Migration):
    dependencies = [("recordings", "0012_quick_search")]

    operations = [
        *(
            migrations.RemoveIndex("session", name)
            for name in ("newest_calls", "calls_by_length", "calls_by_first_expiry")
        ),
        *(
            migrations.AddField(
                "session", name, models.FloatField(blank=True, editable=False, null=True)
            )
            for name in _MEASURED
        ),
        migrations.RunPython(fill, fill_back),
        *(migrations.RemoveField("callfigures", name) for name in _MEASURED),
        _index("newest_calls", "sort_at", "-"),
        *(_index(name, column) for column, name in _INDEXES.items()),
        migrations.RunPython(widen_backwards, narrow_backwards),
    ]
