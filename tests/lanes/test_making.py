"""Making waveforms: once, from a file that is here or is fetched for it."""

import pytest
from django.utils import timezone

from recordings.models import AudioPrefetch, ItemAttempt, Lanes, LanesState, Recording, VendorState
from recordings.services import lanes, listening
from recordings.simulator import noise
from tests.audio.voices import body

from .known import recording, state_of


def test_a_file_is_fetched_and_analysed_once(spoken, vendor):
    spoken()
    vendor.requests.clear()

    first = lanes.analyse(recording())
    second = lanes.analyse(recording())

    assert vendor.requests.count() == 1
    assert first.analysed_at == second.analysed_at
    assert Lanes.objects.count() == 1


def test_a_file_made_anew_is_analysed_anew(spoken):
    spoken()
    before = lanes.analyse(recording())
    Recording.objects.filter(channel="mixed").update(size=1)

    wish, is_new = lanes.want(recording())

    assert is_new
    assert wish.state == LanesState.WANTED
    assert bytes(wish.waveform) == b""
    assert wish.pk == before.pk
    assert lanes.analyse(recording()).state == LanesState.READY


def test_what_was_played_or_prefetched_is_analysed_unasked(clients, spoken):
    spoken()
    b"".join(clients["reviewer"].get("/recordings/rec_known_agent/audio").streaming_content)
    listening.prefetch(recording("customer"))
    AudioPrefetch.objects.create(recording=recording("customer"), outcome="fetched")

    lanes.analyse_wanted()

    assert state_of("agent") == state_of("customer") == LanesState.READY
    assert not Lanes.objects.filter(recording=recording()).exists()


def test_what_was_played_but_is_not_here_any_more_is_not_fetched_for_that(clients, spoken, vendor):
    spoken()
    b"".join(clients["reviewer"].get("/recordings/rec_known_agent/audio").streaming_content)
    listening.forget(recording("agent"))
    vendor.requests.clear()

    lanes.analyse_wanted()

    assert vendor.requests.count() == 0


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_while_kallglot_is_away_the_wish_stays(spoken, vendor):
    spoken()
    lanes.want(recording())
    fault = vendor.faults.add("hang_up")

    assert lanes.analyse_wanted() > 0
    assert state_of() == LanesState.WANTED

    vendor.faults.remove(fault)
    VendorState.objects.all().delete()
    ItemAttempt.objects.update(next_at=timezone.now())
    lanes.analyse_wanted()
    assert state_of() == LanesState.READY


def test_after_several_failures_it_is_given_up(spoken, vendor):
    spoken()
    lanes.want(recording())
    vendor.faults.add("status", status=404)

    for _ in range(6):
        Lanes.objects.update(next_at=timezone.now())
        Recording.objects.update(last_error="", last_error_at=None)
        lanes.analyse_wanted()

    assert state_of() == LanesState.IMPOSSIBLE


def test_a_wish_for_what_expired_meanwhile_is_dropped(spoken):
    spoken()
    lanes.want(recording())
    Recording.objects.update(expires_at=timezone.now())

    assert lanes.analyse_wanted() is None
    assert Lanes.objects.count() == 0


def test_a_download_under_way_is_not_waited_for(spoken):
    spoken()
    wish, _ = lanes.want(recording())
    claim = listening.relay().store.claim(wish.key)
    try:
        again_s = lanes.analyse_wanted()
    finally:
        listening.relay().store.give_up(wish.key, claim)

    assert 0 < again_s <= 2
    assert state_of() == LanesState.WANTED


def test_noise_that_is_no_audio_does_no_harm(spoken):
    spoken(mixed=body(noise(3000)))

    lanes.analyse(recording())

    assert state_of() in (LanesState.READY, LanesState.IMPOSSIBLE)


@pytest.mark.parametrize(
    ("child", "sentence"),
    [
        ("import os; os.abort()", "The decoder failed on this file."),
        ("x = bytes(2 << 30)", "The decoder failed on this file."),
    ],
    ids=["crash", "memory"],
)
def test_a_decoder_that_dies_takes_nobody_with_it(child, sentence, spoken, monkeypatch, tmp_path):
    spoken()
    (tmp_path / "sitecustomize.py").write_text("")
    script = tmp_path / "python"
    script.write_text(f'#!/bin/sh\nulimit -c 0 -v 1000000\nexec python3 -c "{child}"\n')
    script.chmod(0o700)
    monkeypatch.setattr("sys.executable", str(script))

    lanes.analyse(recording())

    made = Lanes.objects.get(recording=recording())
    assert (made.state, made.reason) == (LanesState.IMPOSSIBLE, sentence)


def test_the_decoder_knows_no_secret(spoken, monkeypatch):
    from recordings.audio import apart

    seen = {}
    real = apart.subprocess.run
    monkeypatch.setattr(
        apart.subprocess, "run", lambda *args, **given: seen.update(given) or real(*args, **given)
    )
    spoken()

    lanes.analyse(recording())

    assert seen["env"] == {}
