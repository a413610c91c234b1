"""Many who begin to listen at once, over several processes: a row for each, the chain unbroken."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from recordings.models import Access, AuditEvent
from recordings.services import audit
from recordings.simulator import noise

from .portal import Portal

N = 20_000


@pytest.fixture(scope="module")
def crowded(kallglot, tmp_path_factory, django_db_blocker, django_db_setup, static_files):
    """A portal of three processes."""
    folder = tmp_path_factory.mktemp("crowded")
    portal = Portal(folder, kallglot, django_db_blocker, WEB_WORKERS="3")
    portal.prepare()
    portal.start()
    yield portal
    portal.stop()


def all_at_once(portal, asked):
    """The statuses of the answers to (person, path) pairs, asked for in the same moment."""
    with ThreadPoolExecutor(len(asked)) as pool:
        answers = [
            pool.submit(portal.ask, path, person=person, Range="bytes=0-9")
            for person, path in asked
        ]
        return [answer.result().status for answer in answers]


def test_each_playback_has_one_row(crowded):
    crowded.reset()
    sounds = [crowded.sound(noise(N)) for _ in range(4)]
    plays = [(person, sound.audio) for person in ("lead", "reviewer") for sound in sounds]
    assert all_at_once(crowded, plays * 5) == [206] * 40
    with crowded.database():
        assert AuditEvent.objects.filter(action="play").count() == len(plays)
        assert Access.objects.count() == len(plays)
        assert audit.check() == ""


def test_each_download_has_a_row_of_its_own(crowded):
    crowded.reset()
    sound = crowded.sound(noise(N))
    assert all_at_once(crowded, [("lead", sound.download)] * 20) == [206] * 20
    with crowded.database():
        assert AuditEvent.objects.filter(action="download").count() == 20
        assert audit.check() == ""
