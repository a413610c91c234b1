"""Who sees which calls: the one rule, for calls and for what belongs to them."""

from enum import Enum

from django.db import models
from django.db.models.expressions import RawSQL

# Composing this from models each time costs more than running it.
_OWN_TEAMS = "SELECT team_id FROM recordings_team_members WHERE user_id = %s"


class Sight(Enum):
    """How much a person sees.

    Nobody without the permission sees any call. Administrators see all; others see the calls of
    their own teams and those that belong to no team.
    """

    NOTHING = "nothing"
    OWN_TEAMS = "own teams"
    EVERYTHING = "everything"


def sight_of(user) -> Sight:
    if not user.is_active or not user.has_perm("recordings.view_session"):
        return Sight.NOTHING
    return Sight.EVERYTHING if user.has_perm("recordings.see_all_teams") else Sight.OWN_TEAMS


def within(sight: Sight, user_id, prefix: str = "") -> models.Q:
    """The condition that a call is one that this person sees; `prefix` leads from a row to it."""
    if sight is Sight.NOTHING:
        return models.Q(pk__in=())
    if sight is Sight.EVERYTHING:
        return models.Q()
    own = RawSQL(_OWN_TEAMS, [user_id])  # noqa: S611  (a constant, its value is bound)
    return models.Q(**{f"{prefix}team": None}) | models.Q(**{f"{prefix}team__in": own})


def visible_to(user, prefix: str = "") -> models.Q:
    """The condition that a call is one that `user` may see now; see `within`."""
    return within(sight_of(user), user.pk, prefix)
