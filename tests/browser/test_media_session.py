"""What the system's own controls (lock screen, headset, media keys) know and do."""

import re

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

ROOM = "/sessions/sess_01HXYZ123456789/?t=3&channel=mixed"
_LISTEN = """
window.system = { handlers: {}, position: "never told" };
const { setActionHandler, setPositionState } = MediaSession.prototype;
MediaSession.prototype.setActionHandler = function (action, handler) {
  setActionHandler.call(this, action, handler);
  system.handlers[action] = handler;
};
MediaSession.prototype.setPositionState = function (...told) {
  setPositionState.apply(this, told);
  system.position = told[0] ?? null;
};
"""


@pytest.fixture
def room(open_page):
    page = open_page("rosa", "/healthz")
    page.add_init_script(_LISTEN)
    page.goto(ROOM)
    expect(page.locator("#dock .has-lanes")).to_be_visible()
    return page


def press(page, action, **details):
    """As the system does it."""
    page.evaluate(
        "([action, details]) => system.handlers[action]({ action, ...details })", [action, details]
    )


def position(page):
    return page.evaluate("system.position")


def state(page):
    return page.evaluate("navigator.mediaSession.playbackState")


def until(page, condition):
    page.wait_for_function(f"() => {condition}")


def test_it_is_told_what_may_be_seen_by_all_and_nothing_of_the_caller(room):
    told = room.evaluate(
        "(({ title, artist, album }) => ({ title, artist, album }))"
        "(navigator.mediaSession.metadata)"
    )

    assert told["title"] == "Recorded call"
    assert told["album"] == "Kallglot Portal"
    assert re.fullmatch(r"\d+[/.]\d+[/.]\d{4}", told["artist"])
    assert state(room) == "paused"
    at = position(room)
    assert (at["position"], at["playbackRate"]) == (3, 1)
    assert 26 < at["duration"] < 26.5


def test_its_buttons_play_pause_and_seek(room):
    press(room, "play")
    until(room, "document.getElementById('dock-audio').currentTime > 3.2")
    assert state(room) == "playing"

    for action, details, expected in [
        ("seekto", {"seekTime": 12}, 12),
        ("seekforward", {}, 22),
        ("seekbackward", {"seekOffset": 15}, 7),
        ("seekbackward", {}, 0),
    ]:
        press(room, action, **details)
        assert 0 <= position(room)["position"] - expected < 5
        until(room, "!document.getElementById('dock-audio').seeking")
    press(room, "pause")

    until(room, "document.getElementById('dock-audio').paused")
    until(room, "navigator.mediaSession.playbackState === 'paused'")
    press(room, "play")
    until(room, "navigator.mediaSession.playbackState === 'playing'")
    press(room, "stop")
    until(room, "navigator.mediaSession.playbackState === 'paused'")


def test_it_is_told_the_speed(room):
    room.get_by_role("button", name="Faster").click()

    assert position(room)["playbackRate"] == 1.1
    room.keyboard.press("=")
    assert position(room)["playbackRate"] == 1


def test_at_the_end_it_is_told_the_end(room):
    press(room, "seekto", seekTime=25.5)
    press(room, "play")
    until(room, "document.getElementById('dock-audio').ended")

    until(room, "navigator.mediaSession.playbackState === 'paused'")
    at = position(room)
    assert at["position"] == pytest.approx(at["duration"], abs=0.2)


def test_a_closed_player_is_none(room):
    room.get_by_role("button", name="Close the player").click()

    assert room.evaluate("navigator.mediaSession.metadata") is None
    assert state(room) == "none"
    assert position(room) is None


def test_on_another_page_it_still_controls_the_call(room):
    press(room, "play")
    until(room, "navigator.mediaSession.playbackState === 'playing'")
    room.get_by_role("link", name="Library", exact=True).first.click()
    expect(room.get_by_role("heading", name="Library")).to_be_visible()

    press(room, "seekto", seekTime=20)
    until(room, "document.getElementById('dock-audio').currentTime > 20")
    press(room, "pause")

    until(room, "navigator.mediaSession.playbackState === 'paused'")
    assert position(room)["position"] >= 20
