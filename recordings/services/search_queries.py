"""The queries by which each kind of database finds the calls with given words."""

import re
from collections.abc import Callable

from django.db import connection
from django.db.models import BooleanField, F, Func
from django.db.models.expressions import RawSQL

from recordings.search_index import BEGINNING

from .search_words import All, Any_, Term, Wish

# Up to about this many calls are named one by one to the database: it then looks up just these.
_FEW = 1000
# The same where the database only guesses how many there are, and looks for them itself.
_ABOUT_FEW = 10_000
# Beginnings of so few letters have lists of their own on SQLite.
_SHORT = 3
# Those, and ids of which no more is told, are in most calls, or in so many that looking is half
# the work; and a database guesses badly how many different ids begin alike.
_IN_MANY = re.compile(r"(sess_|rec_)?.{,3}")
_MOST_SPELT_OUT = 16

_SQLITE = "SELECT rowid FROM recordings_search WHERE recordings_search MATCH %s"
_VOCABULARY = "SELECT term FROM recordings_vocabulary WHERE term >= %s AND term <= %s LIMIT %s"
_LAST_LETTER = "\U0010ffff"
# PostgreSQL believes that comparing words costs nothing, and would read those of every call where
# it knows the wish to be frequent. That of a subquery it does not know and asks its index for.
_POSTGRESQL = "SELECT session_id FROM recordings_searchdocument WHERE words @@ (SELECT %s::tsquery)"
_EXPECTED = "EXPLAIN (FORMAT JSON) SELECT FROM recordings_searchdocument WHERE words @@ %s::tsquery"


def among(sessions, wish: Wish):
    """Those of `sessions` (a queryset) with what `wish` asks for, in their order.

    Asks the database a little itself: how best to ask for all.
    """
    return _KINDS[connection.vendor](sessions, wish)


class _IsAmong(Func):
    """Whether a call is among those found, as a value.

    As a plain condition it would make databases look up and sort all that were found, instead of
    going through the calls in the order wanted until a page is full.
    """

    template = "(%(expressions)s) IS TRUE"
    arg_joiner = " IN "
    output_field = BooleanField()

    def as_postgresql(self, compiler, connection, **context):
        # PostgreSQL asks first what it takes for cheap, and takes this for a single comparison.
        # Counting with its answer looks dearer than any filter, which spares it most calls; and
        # it expects more than half of them, so that it goes on to walk through the order.
        return self.as_sql(
            compiler, connection, template="ABS((%(expressions)s)::int) <> 0", **context
        )


class _IsOneOf(Func):
    """Whether a call is one of the few found: a list made first, by which calls are looked up."""

    template = "%(expressions)s)"
    arg_joiner = " = ANY(ARRAY"
    output_field = BooleanField()


def _on_sqlite(sessions, wish: Wish):
    wish = _spelt_out(wish)
    query = _fts5(wish)
    if not _is_common(wish):
        # SQLite joins the lists of all words that begin alike before it tells the first call,
        # which takes long for frequent words; those are mostly whole words, and calls with them
        # are told at once. So it goes on to the beginnings if there are few; what was found
        # already is then told twice.
        queries = dict.fromkeys((_fts5(wish, whole=True), query))
        first = f"{' UNION ALL '.join([_SQLITE] * len(queries))} LIMIT %s"
        found = _first_column(first, [*queries, _FEW + 1])
        if len(found) <= _FEW:
            return sessions.filter(pk__in=set(found))
    return sessions.filter(_IsAmong(F("pk"), _raw(_SQLITE, query)))


def _on_postgresql(sessions, wish: Wish):
    query = _tsquery(wish)
    if not _is_common(wish):
        # It counts now and then in how many calls each of its most frequent words is.
        ((plan,),) = _first_column(_EXPECTED, [query])
        if plan["Plan"]["Plan Rows"] <= _ABOUT_FEW:
            return sessions.filter(_IsOneOf(F("pk"), _raw(_POSTGRESQL, query)))
    return sessions.filter(_IsAmong(F("pk"), _raw(_POSTGRESQL, query)))


_KINDS: dict[str, Callable] = {"sqlite": _on_sqlite, "postgresql": _on_postgresql}


def _is_common(wish: Wish) -> bool:
    """Whether there are many calls with it, as one may guess without a query."""
    if isinstance(wish, Any_):
        return any(map(_is_common, wish.parts))
    return isinstance(wish, Term) and wish.prefix and bool(_IN_MANY.fullmatch(wish.word))


def _spelt_out(wish: Wish) -> Wish:
    """`wish` with the words that begin so instead of a long beginning, where they are few.

    SQLite goes through the lists of several words side by side, without joining them first.
    """
    if not isinstance(wish, Term):
        return type(wish)(tuple(map(_spelt_out, wish.parts)))
    if not wish.prefix or len(wish.word) <= _SHORT:
        return wish
    bounds = [wish.word, wish.word + _LAST_LETTER]
    words = _first_column(_VOCABULARY, [*bounds, _MOST_SPELT_OUT + 1])
    return Any_(tuple(map(Term, words))) if 0 < len(words) <= _MOST_SPELT_OUT else wish


def _fts5(wish: Wish, *, whole: bool = False) -> str:
    """`wish` in the query language of SQLite's FTS5.

    whole: by whole words only, which finds some of the same calls.
    """
    if isinstance(wish, Term):
        return f'"{wish.word}"{"*" if wish.prefix and not whole else ""}'
    operator = " AND " if isinstance(wish, All) else " OR "
    return f"({operator.join(_fts5(part, whole=whole) for part in wish.parts)})"


def _tsquery(wish: Wish) -> str:
    """`wish` in the query language of PostgreSQL."""
    if isinstance(wish, Term):
        if wish.prefix and len(wish.word) == len("ab"):
            return f"('{wish.word}' | '{BEGINNING}{wish.word}')"
        return f"'{wish.word}'{':*' if wish.prefix else ''}"
    operator = " & " if isinstance(wish, All) else " | "
    return f"({operator.join(map(_tsquery, wish.parts))})"


def _raw(statement: str, query: str) -> RawSQL:
    return RawSQL(statement, [query])  # noqa: S611  (a fixed text)


def _first_column(statement: str, values: list) -> list:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return [row[0] for row in cursor.fetchall()]
