"""`python -m tests.bench.library 1000,10000`: the library page over ever more calls, timed.

Runs with the portal's environment over an empty database. Asks the real view through Django's
test client, all middleware included, and prints per number of calls what every request took.
"""

import importlib
import json
import sys
import time
from collections import defaultdict
from datetime import datetime, timedelta

import django
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from . import calls, words

_ROUNDS, _FEWEST_ROUNDS = 20, 5
_MEASURE_S, _MEASURE_BEFORE_S = 50, 10
_MEASURE_EACH_S = 5  # what is far too slow is not asked for again and again
_HEARD_EVERY, _HEARD_AGE = 2, 0.1
_DEEPEST = 200  # nobody can page beyond ten thousand calls
_AS_ADMINISTRATOR = (
    "all",
    f"page {_DEEPEST}",
    "sort -length",
    "sort -silence",
    "state failed",
    "view unheard",
    "view incomplete",
    "search frequent word",
    "search rare word",
)


def addresses(today: datetime) -> dict[str, str]:
    """The query strings that are asked for, by what a person would call them."""
    day = f"{today - timedelta(days=200):%Y-%m-%d}"
    other = f"{today - timedelta(days=190):%Y-%m-%d}"
    phone = calls.phone_number(calls.KNOWN)
    spaced = f"0{phone[3:5]} {phone[5:8]} {phone[8:]}"
    known = calls.session_id(calls.KNOWN)
    states = ("ready", "expired", "partly_ready", "failed", "active", "never_recorded", "missing")
    sorts = ("-started", "started", "-length", "length", "-expires", "expires", "-silence", "talk")
    searches = {
        "frequent word": "invoice",
        "frequent word, German": "rechnung",
        "rare word": words.RARE,
        "rare word, German": words.RARE_TRANSLATED,
        "beginning of two letters": "re",
        "beginning of four letters": "mach",
        "three frequent words": "invoice please konto",
        "frequent and rare": f"please {words.RARE}",
        "phone number": spaced,
        "end of a phone number": phone[-5:],
        "id": known,
        "part of an id": known[9:15],
        "every id": "sess_",
        "nowhere": "xylophonist",
    }
    return {
        "all": "",
        **{f"page {page}": f"page={page}" for page in (2, _DEEPEST)},
        **{f"sort {sort}": f"sort={sort}" for sort in sorts},
        **{f"sort {sort}, page {_DEEPEST}": f"sort={sort}&page={_DEEPEST}" for sort in sorts[1:]},
        "channel": "channel=agent",
        **{f"state {state}": f"status={state}" for state in states},
        **{f"format {word}": f"format={word}" for word in ("mp3", "wav")},
        "language": "lang=de",
        "language of few": "lang=fr",
        "mode": "mode=agent_assist",
        "from": f"from={day}",
        "to": f"to={day}",
        "from and to": f"from={day}&to={other}",
        "at least": "min=39",
        "at most": "max=1",
        "silence at least": "silence_min=80",
        "silence of few": "silence_min=89",
        "expires": "expires=7",
        **{f"view {view}": f"view={view}" for view in ("unheard", "incomplete", "expiring")},
        "many filters": f"channel=agent&format=wav&lang=fr&mode=listen_only&from={day}&min=10",
        "failed by length": "status=failed&sort=-length",
        **{f"search {name}": f"q={text}" for name, text in searches.items()},
        f"search frequent word, page {_DEEPEST}": f"q=invoice&page={_DEEPEST}",
        "search frequent word by length": "q=invoice&sort=-length",
        "search frequent word, French": "q=invoice&lang=fr",
    }


class _Browser:
    """One signed-in person, and what their requests took."""

    def __init__(self, name: str, group: str, today: datetime) -> None:
        from django.contrib.auth.models import Group

        from recordings.models import Team
        from recordings.roles import ADMINISTRATOR

        self.person = get_user_model().objects.create_user(name)
        self.person.groups.add(Group.objects.get(name=group))
        Team.objects.get_or_create(name=calls.TEAMS[0])[0].members.add(self.person)
        self.client = Client(SERVER_NAME="127.0.0.1")
        self.client.force_login(self.person)
        self.addresses = addresses(today)
        if group == ADMINISTRATOR:
            # Who sees every call gets other plans; the rest differs by nothing else.
            self.addresses = {case: self.addresses[case] for case in _AS_ADMINISTRATOR}

    def ask(self, case: str) -> tuple[float, float, int]:
        """Seconds, those of them in the database, and the number of queries."""
        from django.db import connection

        queries, in_database = 0, 0.0

        def count(execute, *arguments):
            nonlocal queries, in_database
            queries += 1
            asked = time.perf_counter()
            try:
                return execute(*arguments)
            finally:
                in_database += time.perf_counter() - asked

        with connection.execute_wrapper(count):
            began = time.perf_counter()
            answer = self.client.get(f"/?{self.addresses[case]}")
            took = time.perf_counter() - began
        if answer.status_code != 200:
            raise SystemExit(f"The library answered {answer.status_code} for {case}.")
        return took, in_database, queries


def measure(browsers: list[_Browser], most_s: float) -> dict:
    """The cases take turns, so that a disturbance meets all of them."""
    from django.core.cache import cache

    times, database, queries = defaultdict(list), defaultdict(list), defaultdict(set)
    end = time.monotonic() + most_s
    for turn in range(_ROUNDS + 1):
        for browser in browsers:
            for case in browser.addresses:
                name = f"{case} ({browser.person.username})"
                if sum(times[name]) > _MEASURE_EACH_S:
                    continue
                took, in_database, count = browser.ask(case)
                if turn:  # the first one imports, looks up choices, and fills caches
                    times[name].append(took)
                    database[name].append(in_database)
                    queries[name].add(count)
        if turn >= _FEWEST_ROUNDS and time.monotonic() > end:
            break
    for browser in browsers:
        name = f"choices looked up anew ({browser.person.username})"
        for _ in range(_FEWEST_ROUNDS):
            cache.clear()
            took, in_database, count = browser.ask("all")
            times[name].append(took)
            database[name].append(in_database)
            queries[name].add(count)
    return {
        name: {"s": times[name], "database_s": database[name], "queries": sorted(queries[name])}
        for name in times
    }


def _hear(person, sessions: int) -> None:
    """`person` has heard half of the newest calls."""
    from recordings.models import Access, AuditAction, AuditEvent, AuditOutcome, Recording

    heard = [
        number + 1 for number in range(0, sessions, _HEARD_EVERY) if calls.age(number) < _HEARD_AGE
    ]
    known = Access.objects.filter(user=person).values("recording__session")
    wanted = Recording.objects.filter(session__in=heard, channel="mixed")
    recordings = list(wanted.exclude(session__in=known))
    events = AuditEvent.objects.bulk_create(
        AuditEvent(
            user=person,
            user_name=person.username,
            action=AuditAction.PLAY,
            outcome=AuditOutcome.DONE,
            session_id_text="sess_heard",
            digest="0" * 64,
        )
        for _ in recordings
    )
    now = timezone.now()
    Access.objects.bulk_create(
        Access(
            user=person,
            recording=r,
            session_id=r.session_id,
            action=AuditAction.PLAY,
            event=event,
            last_at=now,
        )
        for r, event in zip(recordings, events, strict=True)
    )


def main(sizes: list[int]) -> None:
    django.setup()
    from django.db import connection

    from recordings.models import Recording, Turn, WorkerState, work
    from recordings.roles import ADMINISTRATOR, REVIEWER

    call_command("migrate", verbosity=0)
    call_command("collectstatic", "--no-input", verbosity=0)
    importlib.import_module("kallglot_portal.wsgi")  # pages come from a process that has settled
    WorkerState.beat()
    # A portal that has just been started does not ask for its worker: one query less.
    work.STARTED_AT -= timedelta(hours=1)
    today = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)
    browsers = [
        _Browser("reviewer", REVIEWER, today),
        _Browser("administrator", ADMINISTRATOR, today),
    ]
    told = {}
    for size in sizes:
        began = time.monotonic()
        calls.fill(size, today)
        _hear(browsers[0].person, size)
        made_s = time.monotonic() - began
        most_s = _MEASURE_S if size == max(sizes) else _MEASURE_BEFORE_S
        told[size] = {
            "made_s": made_s,
            "recordings": Recording.objects.count(),
            "turns": Turn.objects.count(),
            "cases": measure(browsers, most_s),
        }
    sys.stdout.write(json.dumps({"vendor": connection.vendor, "sizes": told}))


if __name__ == "__main__":
    main([int(size) for size in sys.argv[1].split(",")])
