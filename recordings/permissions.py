"""Who may do what: permission names in one place, and the check that views call.

*Which* calls a person sees is decided elsewhere, by `Session.objects.visible_to(user)`.
"""

from django.contrib.auth import get_user_model
from django.contrib.auth.backends import ModelBackend
from django.core.exceptions import PermissionDenied
from django.db import connection

from kallglot_portal.passwords import place_in_line
from kallglot_portal.prepared import Given, Prepared

SEE = "recordings.view_session"
OPEN = "recordings.open_session"
LISTEN = "recordings.listen_recording"
DOWNLOAD = "recordings.download_recording"
EXPORT = "recordings.export_session"
WRITE_NOTES = "recordings.add_note"
DELETE_NOTES = "recordings.delete_note"
ADMINISTER = "recordings.administer_portal"

_REFUSALS = {
    SEE: "Your account has no role in the portal yet. Ask an administrator to give you one.",
    OPEN: "Your role does not include adding calls.",
    LISTEN: "Your role does not include listening to calls.",
    EXPORT: "Your role does not include exports. A lead can export these calls for you.",
    DOWNLOAD: "Your role does not include downloads. A lead can download this call for you.",
    WRITE_NOTES: "Your role does not include writing notes.",
}

# What a person was given, and what each of their groups was given.
_ALL_OF_ONE_PERSON = """
    SELECT kind.app_label, permission.codename
    FROM auth_permission AS permission
    JOIN django_content_type AS kind ON kind.id = permission.content_type_id
    WHERE permission.id IN (
        SELECT permission_id FROM auth_user_user_permissions WHERE user_id = %s
        UNION
        SELECT given.permission_id
        FROM auth_group_permissions AS given
        JOIN auth_user_groups AS belongs ON belongs.group_id = given.group_id
        WHERE belongs.user_id = %s
    )
"""

_person = Prepared(lambda: get_user_model().objects.filter(pk=Given("pk")))


class PermissionBackend(ModelBackend):
    """Django's people and permissions, with all permissions of a person in one query.

    Every range of audio asks for both anew, so that a right that is taken away ends at once, and
    composing the queries in Django's own way costs more than running them.
    """

    def authenticate(self, request, username=None, password=None, **kwargs):
        """Raises `passwords.Busy` while too many other sign-ins are under way."""
        with place_in_line():
            return super().authenticate(request, username, password, **kwargs)

    def get_user(self, user_id):
        user = _person.first(pk=user_id)
        return user if user and self.user_can_authenticate(user) else None

    def get_all_permissions(self, user_obj, obj=None) -> set[str]:
        if obj is not None or user_obj.is_superuser or not user_obj.is_active:
            return super().get_all_permissions(user_obj, obj)
        if not hasattr(user_obj, "_perm_cache"):
            with connection.cursor() as cursor:
                cursor.execute(_ALL_OF_ONE_PERSON, [user_obj.pk, user_obj.pk])
                user_obj._perm_cache = {f"{label}.{name}" for label, name in cursor.fetchall()}
        return user_obj._perm_cache


class Refused(PermissionDenied):
    """A user lacks `permission`; the text is a sentence for that user."""

    def __init__(self, permission: str) -> None:
        super().__init__(_REFUSALS.get(permission, "Your role does not include this."))
        self.permission = permission


def require(user, permission: str) -> None:
    """Raise `Refused`, a `PermissionDenied`, if `user` lacks `permission`."""
    if not user.has_perm(permission):
        raise Refused(permission)
