"""Who sees which calls: the one rule, for calls and for what belongs to them."""

import json
from enum import Enum

from django.db import connection, models
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


def words_visible_to(user, column: str, words: list[str]) -> list[str]:
    """Those of `words` that `column` has in a call which `user` may see now.

    The same rule as `within`, as one seek in an index of (`column`, team) per word.
    """
    sight = sight_of(user)
    if sight is Sight.NOTHING or not words:
        return []
    is_sqlite = connection.vendor == "sqlite"
    # Without an order PostgreSQL would go through the table and hope for an early match.
    order = "" if is_sqlite else "ORDER BY call.team_id"
    own, in_teams = "", ""
    if sight is Sight.OWN_TEAMS:
        own = "AND call.team_id IS NULL"
        in_teams = _IN_OWN_TEAMS.format(column=column, order=order)
    listed = "json_each(%s) AS word" if is_sqlite else "unnest(%s::text[]) AS word(value)"
    sql = f"""
        SELECT word.value FROM {listed}
        WHERE (
            SELECT 1 FROM recordings_session AS call
            WHERE call.{column} = word.value {own}
            {order} LIMIT 1
        ) = 1 {in_teams}
    """  # noqa: S608  (names of ours; values are bound)
    values = [json.dumps(words) if is_sqlite else words, *[user.pk] * bool(in_teams)]
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return [word for (word,) in cursor.fetchall()]


_IN_OWN_TEAMS = """
    OR (
        SELECT 1 FROM recordings_team_members AS own
        JOIN recordings_session AS call ON call.team_id = own.team_id
        WHERE own.user_id = %s AND call.{column} = word.value
        {order} LIMIT 1
    ) = 1
"""


def visible_to(user, prefix: str = "") -> models.Q:
    """The condition that a call is one that `user` may see now; see `within`."""
    return within(sight_of(user), user.pk, prefix)
