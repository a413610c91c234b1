"""Finding calls by words, on every kind of database, and keeping what they are found by."""

from collections.abc import Iterable

from django.db import connection, transaction
from django.db.models import BooleanField, F, Func, Prefetch
from django.db.models.expressions import RawSQL

from recordings.models import SearchDocument, Session, Turn

from . import search_words
from .search_words import EVERY_CALL, All, Term, Wish

# Up to about this many calls are named one by one to the database: it then looks up just these.
_FEW = 1000
# Beginnings of so few letters are in most calls, or in so many that looking is half the work.
_SHORT = 3
_MOST_FACTS = 200_000  # characters
# PostgreSQL refuses more than a megabyte; the longest calls have a tenth of this.
_MOST_SPOKEN = 400_000
_AT_ONCE = 200

# PostgreSQL believes that comparing words costs nothing, and would read those of every call where
# it knows the wish to be frequent. That of a subquery it does not know and asks its index for.
_SQL = {
    "sqlite": "SELECT rowid FROM recordings_search WHERE recordings_search MATCH %s",
    "postgresql": (
        "SELECT session_id FROM recordings_searchdocument WHERE words @@ (SELECT %s::tsquery)"
    ),
}
# The first calls found, in no order. SQLite joins the lists of all words that begin alike before
# it tells the first call, which takes long for frequent words; those are mostly whole words, and
# calls with them are told at once. So it goes on to the beginnings if there are few; what was
# found already is then told twice.
_FIRST_SQL = {
    "sqlite": f"{_SQL['sqlite']} UNION ALL {_SQL['sqlite']} LIMIT %s",
    "postgresql": f"{_SQL['postgresql']} LIMIT %s",
}


class _IsAmong(Func):
    """Whether a call is among those found, as a value.

    As a plain condition it would make databases look up and sort all that were found, instead of
    going through the calls in the order wanted until a page is full.
    """

    template = "(%(expressions)s) IS TRUE"
    arg_joiner = " IN "
    output_field = BooleanField()


def matching(sessions, text: str):
    """Those of `sessions` (a queryset) in which every word of `text` is found, in their order.

    Blank text leaves `sessions` as they are; text without a letter or digit finds none. What is
    a word and how it is found: see `search_words.wish`. Costs up to one query of its own.
    """
    if not text.strip():
        return sessions
    wish = search_words.wish(text)
    if wish is None:
        return sessions.none()
    if wish == EVERY_CALL:
        return sessions
    query = _QUERIES[connection.vendor](wish)
    if not _is_common(wish):
        first = [query] if connection.vendor == "postgresql" else [_fts5(wish, whole=True), query]
        with connection.cursor() as cursor:
            cursor.execute(_FIRST_SQL[connection.vendor], [*first, _FEW + 1])
            found = [row[0] for row in cursor.fetchall()]
        if len(found) <= _FEW:
            return sessions.filter(pk__in=set(found))
    everywhere = RawSQL(_SQL[connection.vendor], [query])  # noqa: S611  (a fixed text)
    return sessions.filter(_IsAmong(F("pk"), everywhere))


def index(session: Session, *, spoken_too: bool = False) -> None:
    """Keep what `session` is found by in step with its rows; part of the caller's transaction.

    spoken_too: its transcript has changed as well.
    """
    words = {"facts": facts(session)}
    if spoken_too:
        words["spoken"] = _spoken(Turn.objects.filter(transcript__session=session))
    document = SearchDocument.objects.filter(pk=session.pk)
    # The usual refresh finds nothing new, and an index is dear to write.
    if document.values(*words).first() != words:
        SearchDocument.objects.update_or_create(session=session, defaults=words)


def reindex() -> int:
    """Make all documents anew, and the database's own index from them; how many there are."""
    sessions = Session.objects.order_by("pk").prefetch_related(
        "recordings",
        Prefetch("transcript__turns", Turn.objects.order_by("position")),
    )
    done, last = 0, 0
    while batch := list(sessions.filter(pk__gt=last)[:_AT_ONCE]):
        documents = [
            SearchDocument(session=session, facts=facts(session), spoken=_spoken(_turns(session)))
            for session in batch
        ]
        SearchDocument.objects.bulk_create(
            documents,
            update_conflicts=True,
            unique_fields=["session"],
            update_fields=["facts", "spoken"],
        )
        done, last = done + len(batch), batch[-1].pk
    _rebuild()
    return done


def facts(session: Session) -> str:
    """The words of a call's ids, number and metadata, as they are stored."""
    return search_words.unique(_words_of_facts(session), _MOST_FACTS)


def _words_of_facts(session: Session) -> Iterable[str]:
    yield from search_words.words_of_id(session.kallglot_id)
    for recording in session.recordings.all():
        yield from search_words.words_of_id(recording.kallglot_id)
    yield from search_words.words_of_json(session.phone_number)
    yield from search_words.words_of_json(session.metadata)


def _spoken(turns: Iterable[Turn]) -> str:
    words = (
        word
        for turn in turns
        for text in (turn.text, turn.translation)
        for word in search_words.words_of_text(text)
    )
    return search_words.unique(words, _MOST_SPOKEN)


def _turns(session: Session) -> Iterable[Turn]:
    return session.transcript.turns.all() if hasattr(session, "transcript") else ()


def _is_common(wish: Wish) -> bool:
    """Whether there are many calls with it, as one may guess without a query."""
    return isinstance(wish, Term) and wish.prefix and len(wish.word) <= _SHORT


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
        return f"'{wish.word}'{':*' if wish.prefix else ''}"
    operator = " & " if isinstance(wish, All) else " | "
    return f"({operator.join(map(_tsquery, wish.parts))})"


_QUERIES = {"sqlite": _fts5, "postgresql": _tsquery}


def _rebuild() -> None:
    """Let the database make its index anew, whatever state it was in."""
    statement = {
        "sqlite": "INSERT INTO recordings_search (recordings_search) VALUES ('rebuild')",
        "postgresql": "REINDEX INDEX recordings_search",
    }[connection.vendor]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
