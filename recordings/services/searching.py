"""Finding calls by words, on every kind of database, and keeping what they are found by."""

from collections.abc import Iterable

from django.db import connection, transaction
from django.db.models import Prefetch

from recordings.models import SearchDocument, Session, Turn

from . import search_queries, search_words
from .search_words import EVERY_CALL

_MOST_FACTS = 200_000  # bytes
# PostgreSQL refuses a row of more than a megabyte, and keeps two letters of each word once more:
# at the worst, nine bytes for ten. The longest calls have a tenth of this.
_MOST_SPOKEN = 350_000
_AT_ONCE = 200


def matching(sessions, text: str):
    """Those of `sessions` (a queryset) in which every word of `text` is found, in their order.

    Blank text leaves `sessions` as they are; text without a letter or digit finds none. What is
    a word and how it is found: see `search_words.wish`. May ask the database a little at once.
    """
    if not text.strip():
        return sessions
    wish = search_words.wish(text)
    if wish is None:
        return sessions.none()
    if wish == EVERY_CALL:
        return sessions
    return search_queries.among(sessions, wish)


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


def _rebuild() -> None:
    """Let the database make its index anew, whatever state it was in."""
    statement = {
        "sqlite": "INSERT INTO recordings_search (recordings_search) VALUES ('rebuild')",
        "postgresql": "REINDEX INDEX recordings_search",
    }[connection.vendor]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
