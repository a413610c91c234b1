"""`python -m tests.bench.calls --sessions 100000`: made-up calls in the database of DATABASE_URL.

Three recordings and twenty turns a call on average, search documents included. The same seed,
number and day give the same rows, and a greater number only adds to a smaller one. For scratch
databases: rows are written in bulk, without the portal's services.
"""

import argparse
import random
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import django

from .words import Phrases

SEED = 12
TEAMS = ("North", "South", "East", "West", "Night")
PAIRS = (("en", "de"), ("de", "en"), ("pl", "en"), ("en", "fr"), ("es", "en"))
MODES = ("bidirectional_translation", "agent_assist", "listen_only")
RARE_EVERY = 997
"""One call in so many says the rare word, the call with the number of `KNOWN` among them."""
KNOWN = 5
_CHANNELS = ("mixed", "agent", "customer")
_DAYS, _KEPT_DAYS = 365, 90
_GOLDEN = 0.6180339887498949  # spreads any number of calls evenly over the year
_AT_ONCE = 2000
_TURN = "transcript_id position speaker language text translation translation_language start end"


def session_id(number: int) -> str:
    return f"sess_{_token(number, 'S')}"


def phone_number(number: int) -> str:
    return f"+4930{9_000_000 + number * 7919 % 1_000_000}"


def age(number: int) -> float:
    """How long ago the call was, as a part of the year; every number of calls fills it evenly."""
    return number * _GOLDEN % 1


def fill(sessions: int, today: datetime, seed: int = SEED) -> None:
    """Add calls until there are `sessions`; `today` is the end of their year."""
    from django.core.management.color import no_style
    from django.db import connection, transaction

    from recordings.models import Session, Team, Transcript

    phrases = Phrases(seed)
    teams = [Team.objects.get_or_create(name=name)[0].pk for name in TEAMS]
    known = Session.objects.count()
    with _index_afterwards():
        for start in range(known, sessions, _AT_ONCE):
            batch = range(start, min(start + _AT_ONCE, sessions))
            with transaction.atomic():
                _write([_Call(number, seed, today, teams, phrases) for number in batch])
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), [Session, Transcript]):
            cursor.execute(statement)


class _Call:
    """The rows of one call, not yet written."""

    def __init__(self, number: int, seed: int, today: datetime, teams, phrases: Phrases) -> None:
        from recordings.models import SearchDocument, Transcript
        from recordings.services import search_words, searching

        self.chance = chance = random.Random(seed * 1_000_003 + number)
        self.number, self.rare = number, number % RARE_EVERY == KNOWN
        self.started = today - timedelta(days=age(number) * _DAYS)
        # Nothing of it could be recorded. (Numbers 89 apart are nearly of one age, see `age`.)
        self.failed = number % 61 == 7
        self.ended = self.started + timedelta(seconds=chance.randrange(20, 2400))
        languages = PAIRS[min(int(chance.expovariate(1)), len(PAIRS) - 1)]
        self.session = self._session(languages, teams)
        self.recordings = [
            self._recording(part) for part in range({0: 0, 1: 6}.get(number % 20, 3))
        ]
        # What `summarise` works out is worked out there; only its write is left for later.
        self.session._prefetched_objects_cache = {"recordings": self.recordings}
        self.session.save = lambda **_: None
        self.session.summarise()
        if self.session.recordings_state == "expired" and number % 2:
            self.session.recordings_state = "ready"  # nobody has looked since
        self.transcript = Transcript(
            pk=number + 1,
            session=self.session,
            complete=True,
            languages=list(languages),
            fetched_at=today,
        )
        said = [phrases.any(chance) for _ in range(10 + number * 8 % 21)]
        if self.rare:
            said[0] = phrases.rare
        self.turns = [self._turn(place, phrase, languages) for place, phrase in enumerate(said)]
        spoken = (word for phrase in said for word in phrase.words)
        self.document = SearchDocument(
            session=self.session,
            facts=searching.facts(self.session),
            spoken=search_words.unique(spoken, 350_000),
        )

    def _session(self, languages: tuple[str, str], teams: list[int]):
        from recordings.models import Session

        chance, number = self.chance, self.number
        active = number % 199 == 9
        team = None if self.rare or chance.random() < 0.4 else chance.choice(teams)
        return Session(
            pk=number + 1,
            kallglot_id=session_id(number),
            team_id=team,
            status="active" if active else "ended",
            mode=chance.choice(MODES),
            source_language=languages[0],
            target_language=languages[1],
            provider="twilio",
            phone_number=phone_number(number),
            duration=None if active else (self.ended - self.started).total_seconds(),
            recording_enabled=number % 20 != 0,
            metadata={"ticket": f"TCK-{number:06}", "customer": f"Customer {number % 5000}"},
            created_at=self.started,
            started_at=self.started,
            ended_at=None if active else self.ended,
            refreshed_at=self.ended,
            refresh_begun_at=self.ended,
            longest_silence_s=number * 37 % 900 / 10 if number % 5 else None,
            overlap_share=number * 41 % 200 / 1000 if number % 5 else None,
            agent_talk_share=number * 43 % 1000 / 1000 if number % 5 else None,
        )

    def _recording(self, part: int):
        from recordings.models import Recording

        word = 0.0 if self.failed else self.chance.random()
        channel = _CHANNELS[part % 3]
        return Recording(
            kallglot_id=f"rec_{_token(self.number * 8 + part, 'R')}",
            session=self.session,
            channel=channel,
            status="failed" if word < 0.01 else "processing" if word < 0.02 else "ready",
            format="mp3" if channel == "mixed" else "wav",
            duration=self.session.duration,
            size=1_000_000,
            created_at=self.ended,
            expires_at=self.ended + timedelta(days=_KEPT_DAYS),
            refreshed_at=self.ended,
        )

    def _turn(self, place: int, phrase, languages: tuple[str, str]) -> tuple:
        # The order of `_TURN`.
        speaker = ("agent", "customer")[place % 2]
        spoken_in, other = languages if place % 2 else languages[::-1]
        said = (speaker, spoken_in, phrase.text, phrase.translation, other)
        return (self.number + 1, place, *said, place * 6.0, place * 6.0 + 5)


def _write(calls: list[_Call]) -> None:
    from recordings.models import Recording, SearchDocument, Session, Transcript

    Session.objects.bulk_create(call.session for call in calls)
    Recording.objects.bulk_create(r for call in calls for r in call.recordings)
    Transcript.objects.bulk_create(call.transcript for call in calls)
    _pour(turn for call in calls for turn in call.turns)
    SearchDocument.objects.bulk_create(call.document for call in calls)


def _pour(turns: Iterator[tuple]) -> None:
    """Write turns without a model object for each: there are millions."""
    from django.db import connection

    columns = ", ".join(map(connection.ops.quote_name, _TURN.split()))
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.copy(f"COPY recordings_turn ({columns}) FROM STDIN") as copy:
                for turn in turns:
                    copy.write_row(turn)
        else:
            marks = ", ".join(["%s"] * len(_TURN.split()))
            cursor.executemany(f"INSERT INTO recordings_turn ({columns}) VALUES ({marks})", turns)


@contextmanager
def _index_afterwards():
    """What makes writing in bulk quick on each kind of database, and is put right at the end."""
    from django.db import connection

    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA synchronous = OFF")
            yield
            cursor.execute("PRAGMA synchronous = NORMAL")
            return
        cursor.execute("SELECT indexdef FROM pg_indexes WHERE indexname = 'recordings_search'")
        (definition,) = cursor.fetchone()
        cursor.execute("DROP INDEX recordings_search")
        yield
        cursor.execute("SET maintenance_work_mem = '512MB'")
        cursor.execute(definition)
        # The server's own autovacuum does so within minutes.
        cursor.execute("VACUUM ANALYZE")


def _token(number: int, kind: str) -> str:
    """Twenty characters as in an id; another number gives others."""
    chance = random.Random(f"{kind}{number}")
    return "".join(chance.choices("0123456789ABCDEFGHJKMNPQRSTVWXYZ", k=20))


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.calls")
    parser.add_argument("--sessions", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=SEED)
    given = parser.parse_args(arguments)
    django.setup()
    from django.core.management import call_command
    from django.utils import timezone

    began = time.monotonic()
    call_command("migrate", verbosity=0)
    today = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)
    fill(given.sessions, today, given.seed)
    sys.stdout.write(f"{given.sessions:,} calls in {time.monotonic() - began:.0f} s\n")


if __name__ == "__main__":
    main(sys.argv[1:])
