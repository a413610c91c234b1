"""Each listener's place in a call, what they have heard of it, and the call's timeline."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from recordings.models import CallFigures, Lanes, LanesState, ListeningPosition, Recording
from recordings.services import heard, listening, timeline
from tests.conftest import CALL
from tests.factories import make_recording, make_session

ADDRESS = f"/sessions/{CALL}/listening"


@pytest.fixture
def known(db):
    """A call of a minute with one recording per channel."""
    session = make_session(CALL, duration=60)
    for channel in ("mixed", "agent", "customer"):
        make_recording(session, f"rec_{channel}", channel=channel, duration=60.0)
    return session


def keep(client, second="12.5", channel="agent", heard="0-12"):
    return client.post(ADDRESS, {"second": second, "channel": channel, "heard": heard})


# What a player gets


def test_a_player_gets_the_sound_of_every_voice(clients, known):
    told = clients["lead"].get(ADDRESS).json()

    assert told["length"] == 60
    assert told["voices"]["agent"] == [
        {
            "url": "/recordings/rec_agent/audio.mp3",
            "waveform": "/recordings/rec_agent/waveform",
            "download": "/recordings/rec_agent/download",
            "start": 0.0,
            "duration": 60.0,
        }
    ]
    assert (told["second"], told["channel"], told["heard"], told["missing"]) == (0, "", "", {})


def test_who_may_not_download_is_offered_none(clients, known):
    told = clients["reviewer"].get(ADDRESS).json()

    assert {part["download"] for parts in told["voices"].values() for part in parts} == {""}


def test_a_voice_that_is_missing_has_its_reason(clients, known):
    known.recordings.filter(channel="agent").update(status="failed")
    known.recordings.filter(channel="customer").delete()

    told = clients["reviewer"].get(ADDRESS).json()

    assert told["missing"] == {
        "agent": "Kallglot could not make it",
        "customer": "it was not recorded",
    }
    assert list(told["voices"]) == ["mixed"]


def test_without_audio_there_is_a_sentence(clients, db):
    make_session(CALL)

    answer = clients["reviewer"].get(ADDRESS)

    assert answer.status_code == 409
    assert "no audio" in answer.text


def test_the_length_is_that_of_the_decoded_sound(clients, known):
    recording = known.recordings.get(channel="mixed")
    key = listening.key(recording)
    Lanes.objects.create(
        recording=recording, key=key, state=LanesState.READY, duration_ms=61_234, count=1
    )

    assert clients["reviewer"].get(ADDRESS).json()["voices"]["mixed"][0]["duration"] == 61.234

    # Made anew, and not decoded yet.
    known.recordings.filter(channel="mixed").update(size=1, duration=30)

    assert clients["reviewer"].get(ADDRESS).json()["voices"]["mixed"][0]["duration"] == 30


def test_swapped_channels_are_told(clients, known):
    CallFigures.objects.create(
        session=known, measured_at=timezone.now(), channel_check={"verdict": "swapped"}
    )

    assert clients["reviewer"].get(ADDRESS).json()["verdict"] == "swapped"


# The place


def test_a_place_is_kept_for_each_person(clients, known):
    assert keep(clients["reviewer"]).status_code == 204
    keep(clients["reviewer"], second="20", heard="30-33")

    mine = clients["reviewer"].get(ADDRESS).json()
    theirs = clients["lead"].get(ADDRESS).json()

    assert (mine["second"], mine["channel"], mine["heard"]) == (20, "agent", "0-12,30-33")
    assert (theirs["second"], theirs["heard"]) == (0, "")
    place = ListeningPosition.objects.get()
    assert (place.heard_s, place.heard_share) == (15, 0.25)


def test_what_was_heard_on_the_page_of_another_is_not_theirs(clients, people, known):
    told = {"second": "12.5", "channel": "agent", "heard": "0-12", "person": people["lead"].pk}

    answer = clients["reviewer"].post(ADDRESS, told)

    assert answer.status_code == 401
    assert not ListeningPosition.objects.exists()
    assert clients["lead"].post(ADDRESS, told).status_code == 204


def test_who_has_come_to_the_end_begins_anew(clients, known):
    keep(clients["reviewer"], second="59")

    assert clients["reviewer"].get(ADDRESS).json()["second"] == 0


def test_nobody_hears_more_than_there_is(clients, known):
    keep(clients["reviewer"], second="9999", heard="50-99999")

    place = ListeningPosition.objects.get()
    assert (place.second, place.heard_s) == (60, 10)


@pytest.mark.parametrize(
    "wrong",
    [
        {"second": ""},
        {"second": "nan"},
        {"second": "inf"},
        {"second": "1e999"},
        {"channel": "bass"},
        {"channel": ""},
        {"heard": "3-1"},
        {"heard": "-1-3"},
        {"heard": "1-2,"},
        {"heard": "1-999999"},
        {"heard": "\u0663-\u0665"},
        {"heard": ",".join(f"{2 * n}-{2 * n + 1}" for n in range(501))},
    ],
)
def test_a_place_that_is_none_is_refused(wrong, clients, known):
    assert keep(clients["reviewer"], **wrong).status_code == 400
    assert not ListeningPosition.objects.exists()


def test_a_place_needs_the_token(people, known):
    client = Client(enforce_csrf_checks=True)
    client.force_login(people["reviewer"])

    assert keep(client).status_code == 403


def test_the_library_tells_what_one_has_heard(clients, known):
    keep(clients["reviewer"], heard="0-30")

    assert "50\u202f%" in clients["reviewer"].get("/").text
    assert "50\u202f%" not in clients["lead"].get("/").text
    assert CALL not in clients["reviewer"].get("/?view=unheard").text
    assert CALL in clients["lead"].get("/?view=unheard").text


def test_a_call_that_was_only_opened_is_not_heard(clients, known):
    keep(clients["reviewer"], heard="")

    assert CALL in clients["reviewer"].get("/?view=unheard").text


# Ranges


@pytest.mark.parametrize("text", ["", "0-1", "0-12,40-41", "7-86399"])
def test_ranges_come_out_as_they_went_in(text):
    bitmap = heard.add(b"", heard.parse(text), heard.LONGEST_S)

    assert heard.text(bitmap) == text


def test_ranges_are_united():
    bitmap = heard.add(b"", [(0, 5), (10, 12)], 60)

    assert heard.text(heard.add(bitmap, [(4, 10)], 60)) == "0-12"


# The timeline of a call that was paused


def spoil(recordings, **facts):
    Recording.objects.filter(pk__in=[one.pk for one in recordings]).update(**facts)


def paused(*starts_and_lengths, channels=("mixed", "agent")):
    begun = timezone.now() - timedelta(hours=1)
    session = make_session(CALL, started_at=begun, ended_at=begun + timedelta(seconds=100))
    for start, length in starts_and_lengths:
        for channel in channels:
            created = begun + timedelta(seconds=start + length)
            make_recording(session, channel=channel, duration=length, created_at=created)
    return session


def starts(session):
    placed = timeline.pieces(session, list(session.recordings.in_order()))
    return {name: [round(piece.start, 3) for piece in found] for name, found in placed.items()}


def test_parts_stand_where_they_were_recorded(db):
    assert starts(paused((0, 30), (70, 30))) == {"mixed": [0, 70], "agent": [0, 70]}


def test_channels_that_differ_by_a_rounded_second_stand_together(db):
    session = paused((0, 30), (70, 30))
    session.recordings.filter(
        channel="agent", created_at__gt=timezone.now() - timedelta(hours=1) + timedelta(seconds=60)
    ).update(duration=29.2)

    assert starts(session)["agent"] == [0, 70]


@pytest.mark.parametrize("parts", [((0, 30), (500, 30)), ((0, 60), (20, 60))])
def test_parts_whose_times_cannot_be_stand_one_after_the_other(parts, db):
    first, second = starts(paused(*parts, channels=("mixed",)))["mixed"]

    assert (first, second) == (0, parts[0][1])


def test_a_call_that_was_not_paused_begins_at_its_start_whatever_the_times_say(db):
    assert starts(paused((50, 30))) == {"mixed": [0], "agent": [0]}


@pytest.mark.parametrize(
    "facts",
    [
        {"status": "processing", "duration": None},
        {"status": "failed"},
        {"expires_at": timezone.now() - timedelta(days=1)},
        {"gone_since": timezone.now()},
    ],
    ids=["processing", "failed", "expired", "missing"],
)
def test_a_part_stands_at_its_place_though_the_one_before_cannot_be_played(facts, clients, db):
    spoil(list(paused((0, 30), (70, 30)).recordings.in_order()[:2]), **facts)

    keep(clients["reviewer"], second="80", heard="70-80")
    told = clients["reviewer"].get(ADDRESS).json()

    assert {name: [part["start"] for part in parts] for name, parts in told["voices"].items()} == {
        "mixed": [70],
        "agent": [70],
    }
    assert (told["length"], told["second"], told["heard"]) == (100, 80, "70-80")


def test_a_call_whose_end_cannot_be_played_keeps_its_length_and_begins_anew(clients, db):
    spoil(list(paused((0, 30), (70, 30)).recordings.in_order()[2:]), status="failed")

    keep(clients["reviewer"], second="29", heard="0-30")
    told = clients["reviewer"].get(ADDRESS).json()

    assert (told["length"], told["second"], told["heard"]) == (100, 0, "0-30")
    assert [part["start"] for part in told["voices"]["mixed"]] == [0]


def test_a_recording_without_a_told_length_is_as_long_as_its_call(clients, known):
    known.recordings.update(duration=None)

    keep(clients["reviewer"], second="40", heard="0-30")
    told = clients["reviewer"].get(ADDRESS).json()

    assert (told["length"], told["second"], told["heard"]) == (60, 40, "0-30")
    assert told["voices"]["mixed"][0]["duration"] == 60
    assert ListeningPosition.objects.get().heard_share == 0.5


def test_a_voice_without_a_told_length_is_as_long_as_the_others(clients, known):
    known.recordings.update(duration=48.0)
    known.recordings.filter(channel="agent").update(duration=None)

    told = clients["reviewer"].get(ADDRESS).json()

    assert told["length"] == told["voices"]["agent"][0]["duration"] == 48


def test_parts_without_told_lengths_do_not_make_a_call_of_no_length(clients, db):
    paused((0, 30), (70, 30)).recordings.update(duration=None, created_at=None)

    keep(clients["reviewer"], second="40", heard="0-30")

    place = ListeningPosition.objects.get()
    assert (place.second, place.heard_s, place.heard_share) == (40, 30, 0.3)
