"""The view "Not heard by me": what counts as heard, by the player and by other means."""

import random

from django.utils import timezone

from recordings.models import Access, AuditAction, ListeningPosition, Session
from recordings.services import accesses
from tests.factories import make_recording, make_session
from tests.test_library import listed


def test_it_shows_what_going_through_every_call_by_hand_shows(clients, people, db):
    chance = random.Random(3)
    me, other = people["reviewer"], people["lead"]
    expected = set()
    for number in range(40):
        session = make_session(f"sess_{number:02}")
        first, second = make_recording(session), make_recording(session, channel="agent")
        for user in (me, other):
            place = chance.choice((None, 0, 12))
            if place is not None:
                ListeningPosition.objects.create(user=user, session=session, heard_s=place)
            played = chance.random() < 0.4
            if played:
                for recording in (first, second):
                    accesses.Request(user, recording, AuditAction.PLAY, "").note(again=True)
            if chance.random() < 0.3:
                accesses.Request(user, first, AuditAction.DOWNLOAD, "").note(again=False)
            # Without a place in a call, whoever played it did so by other means than the player.
            heard = played if place is None else place > 0
            if user == me and not heard:
                expected.add(session.kallglot_id)

    assert set(listed(clients["reviewer"].get("/?view=unheard"))) == expected
    assert 5 < len(expected) < 35


def test_a_call_counts_as_heard_where_its_recording_was_when_it_was_played(clients, people, db):
    session, later = make_session("sess_first"), make_session("sess_later")
    recording = make_recording(session)
    accesses.Request(people["reviewer"], recording, AuditAction.PLAY, "").note(again=True)

    recording.session = later
    recording.save()

    assert Access.objects.get().session == session
    assert listed(clients["reviewer"].get("/?view=unheard")) == ["sess_later"]
    assert set(listed(clients["lead"].get("/?view=unheard"))) == {"sess_first", "sess_later"}


def test_who_played_it_stays_known_until_the_call_is_gone(people, db):
    session = make_session("sess_first", started_at=timezone.now())
    accesses.Request(people["reviewer"], make_recording(session), AuditAction.PLAY, "").note(
        again=True
    )

    Session.objects.all().delete()

    assert not Access.objects.exists()
