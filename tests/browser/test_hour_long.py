"""An hour-long call in a real Chromium, on a vendor that sends a megabyte a second."""

import pytest

from .served import serving

pytestmark = pytest.mark.browser

SESSION = "sess_01KE5EADYFEVMFSM63BRRZ1SZT"
BANDWIDTH = 1_000_000
# The server gives up a connection that is silent for 15 s, and so does Chromium after a pause.
PAUSE_MS = 61_000


@pytest.fixture(scope="module")
def portal(tmp_path_factory, static_files):
    """A portal that nobody has asked for audio yet."""
    from django.conf import settings

    with serving(tmp_path_factory.mktemp("hour"), settings.STATIC_ROOT) as served:
        served.vendor.options.bandwidth = BANDWIDTH
        yield served


def recording_of(vendor, channel):
    """The id of the hour's recording of that channel, and its size in bytes."""
    call = vendor.call(SESSION)
    recording = next(r for r in call.recordings if r.channel == channel)
    return recording.id, recording.audio.size


def plays_from(page, seconds, within_ms=20_000):
    """Wait until the sound plays on from `seconds`."""
    page.wait_for_function(
        "at => sound.error === null && !sound.seeking && sound.currentTime > at + 0.2"
        " && sound.currentTime < at + 30",
        arg=seconds,
        timeout=within_ms,
    )


@pytest.mark.parametrize(
    ("channel", "ranges", "requests"), [("mixed", False, 1), ("agent", True, 2)]
)
def test_it_starts_at_once_seeks_anywhere_and_survives_a_pause(
    open_page, portal, channel, ranges, requests
):
    portal.vendor.options.range = ranges
    recording, size = recording_of(portal.vendor, channel)
    asked = f"/{recording}/audio"
    # Not the call's own page: that asks for the waveform, for which a worker may fetch the audio.
    page = open_page("rosa", "/")
    page.evaluate(
        "path => { window.sound = new Audio(path); return sound.play(); }",
        f"/recordings/{recording}/audio",
    )
    plays_from(page, 0)
    (main,) = portal.vendor.requests.matching(asked)
    assert main.sent < size / 2, "it waited for the whole recording"
    far = page.evaluate("() => sound.currentTime = Math.floor(sound.duration * 0.9)")
    assert far > 3000
    plays_from(page, far, within_ms=60_000)
    if ranges:
        assert main.sent < size / 2, "it waited for the bytes before"
    page.evaluate("() => sound.currentTime = 60")
    plays_from(page, 60)
    if not ranges:
        page.evaluate("() => sound.pause()")
        page.wait_for_timeout(PAUSE_MS)
        stood = page.evaluate("() => { sound.play(); return sound.currentTime; }")
        plays_from(page, stood)
    assert page.evaluate("() => sound.error") is None
    assert portal.vendor.requests.count(asked) == requests
