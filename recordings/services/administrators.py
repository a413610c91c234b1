"""Administrators: there is always one left who can sign in."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.contrib.auth.models import Group, Permission
from django.db import transaction
from django.db.models import Q

from recordings import permissions


class NoneLeft(Exception):  # noqa: N818  (it says what is the case)
    """The change would leave the portal without an administrator, so it is undone."""


@contextmanager
def one_is_left() -> Iterator[None]:
    """A transaction for a change of users, roles or permissions. Raises `NoneLeft` at its end."""
    with transaction.atomic():
        # Two administrators who remove each other take turns.
        list(_all().select_for_update(of=("self",)).values_list("pk"))
        yield
        if not _all().exists():
            raise NoneLeft


def is_last(user_id: str) -> bool:
    """Whether no administrator would be left without the user of that id."""
    return not any(str(number) != user_id for number in _all().values_list("pk", flat=True))


def _all():
    """Users who can sign in and administer: by their own permission, a role or as superuser."""
    label, codename = permissions.ADMINISTER.split(".")
    wanted = Permission.objects.filter(content_type__app_label=label, codename=codename)
    roles = Group.objects.filter(permissions__in=wanted)
    through = get_user_model().groups.through.objects.filter(group__in=roles)
    own = get_user_model().user_permissions.through.objects.filter(permission__in=wanted)
    administer = Q(pk__in=through.values("user")) | Q(pk__in=own.values("user"))
    able = get_user_model().objects.filter(is_active=True)
    able = able.exclude(password__startswith=UNUSABLE_PASSWORD_PREFIX)
    return able.filter(Q(is_superuser=True) | administer)
