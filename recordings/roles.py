"""The three groups and their permissions, as the migrations and their test know them."""

from django.apps import apps as installed
from django.contrib.auth.management import create_permissions

REVIEWER = "Reviewer"
LEAD = "Lead"
ADMINISTRATOR = "Administrator"

_LISTENING = [
    *("view_session", "open_session", "view_recording", "listen_recording"),
    "add_note",
]
_LEADING = [
    *_LISTENING,
    *("download_recording", "export_session", "view_auditevent"),
    "delete_note",
]
_ADMINISTERING = [
    *_LEADING,
    "see_all_teams",
    "administer_portal",
    "change_session",
    "view_webhookevent",
    *(f"{verb}_team" for verb in ("add", "change", "delete", "view")),
    *(f"{verb}_user" for verb in ("add", "change", "delete", "view")),
    *(f"{verb}_group" for verb in ("add", "change", "delete", "view")),
]

PERMISSIONS = {REVIEWER: _LISTENING, LEAD: _LEADING, ADMINISTRATOR: _ADMINISTERING}


def grant(apps, schema_editor, only: tuple[str, ...] | None = None) -> None:
    """Make the groups and give them what they lack; for migrations (`RunPython`).

    A permission that a later migration introduces is granted by that one. only: give no others,
    so that a right which administrators took away stays taken away.
    """
    # Django makes permission rows only after all migrations, so they are made here first.
    for label in ("auth", "recordings"):
        config = installed.get_app_config(label)
        create_permissions(config, verbosity=0, apps=apps, using=schema_editor.connection.alias)
    groups = apps.get_model("auth", "Group").objects
    permissions = apps.get_model("auth", "Permission").objects
    for name, codenames in PERMISSIONS.items():
        codenames = [c for c in codenames if only is None or c in only]
        group, _ = groups.get_or_create(name=name)
        group.permissions.add(
            *permissions.filter(
                codename__in=codenames, content_type__app_label__in=("auth", "recordings")
            )
        )
