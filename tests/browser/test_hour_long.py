"""An hour-long call in a real Chromium, on a vendor with a slow line."""

from uuid import uuid4

import pytest

from recordings.simulator import make_call
from recordings.simulator.spoken import dialogue

pytestmark = pytest.mark.browser

HOUR_S = 3600
# The server gives up a connection that is silent for 15 s, and so does Chromium after a pause.
LONG_PAUSE_MS = 61_000


@pytest.fixture
def hour(portal):
    """An hour-long call that the portal knows and has no audio of."""
    clip = dialogue("missing-parcel").whole()
    clip = clip.repeated(-(-HOUR_S // int(clip.duration)))
    audio = {"mixed": clip.mp3("mixed"), "agent": clip.leg("agent")}
    call = make_call(f"sess_{uuid4().hex}", audio, duration=clip.duration)
    portal.vendor.add_call(call)
    portal.refresh(call.id)
    return call


def plays_from(page, seconds):
    """Wait until the sound plays on from `seconds`."""
    page.wait_for_function(
        "at => sound.error === null && !sound.seeking && sound.currentTime > at + 0.2"
        " && sound.currentTime < at + 30",
        arg=seconds,
    )


@pytest.mark.parametrize(
    ("channel", "ranges", "requests", "bandwidth", "pause_ms"),
    [
        ("agent", True, 2, 300_000, 0),
        ("mixed", False, 1, 1_500_000, 0),
        pytest.param("mixed", False, 1, 1_000_000, LONG_PAUSE_MS, marks=pytest.mark.endurance),
    ],
)
def test_it_starts_at_once_seeks_anywhere_and_survives_a_pause(
    channel, ranges, requests, bandwidth, pause_ms, open_page, portal, hour
):
    recording = next(r for r in hour.recordings if r.channel == channel)
    size = recording.audio.size
    asked = f"/{recording.id}/audio"
    # Not the call's own page: that asks for the waveform, for which a worker may fetch the audio.
    page = open_page("rosa", "/")
    # Only where a file has a strong tag are its ranges joined.
    told = {"bandwidth": bandwidth, "range": ranges, "validators": "strong"}
    portal.vendor.options.update(told)
    page.evaluate(
        "path => { window.sound = new Audio(path); return sound.play(); }",
        f"/recordings/{recording.id}/audio",
    )
    plays_from(page, 0)
    (main,) = portal.vendor.requests.matching(asked)
    assert main.sent < size / 2, "it waited for the whole recording"
    far = page.evaluate("() => sound.currentTime = Math.floor(sound.duration * 0.9)")
    assert far > 3000
    plays_from(page, far)
    if ranges:
        assert main.sent < size / 2, "it waited for the bytes before"
    page.evaluate("() => sound.currentTime = 60")
    plays_from(page, 60)
    page.evaluate("() => sound.pause()")
    page.wait_for_timeout(pause_ms)
    stood = page.evaluate("() => { sound.play(); return sound.currentTime; }")
    plays_from(page, stood)
    assert page.evaluate("() => sound.error") is None
    assert portal.vendor.requests.count(asked) == requests
