"""The player in Firefox; in WebKitGTK, Safari's nearest relative, where TRY_BROWSERS=1 asks."""

from uuid import uuid4

import pytest

from recordings.simulator import make_call
from recordings.simulator.spoken import dialogue

from . import drivers

pytestmark = pytest.mark.browser

PERSON = "leo"
HOUR_S = 3600
# Of the vendor, in bytes a second; an hour is 15 MB.
BANDWIDTH = 300_000
PAUSED = "/sessions/sess_01KRSGSA809ESJBP2BS1DWT6TD/"
PARCEL = "/sessions/sess_01HXYZ123456789/"
VOICES = (
    ("agent", "rec_01HABC987654322"),
    ("customer", "rec_01HABC987654323"),
    ("mixed", "rec_01HABC987654321"),
)
PRESS_PLAY = "[data-room=toggle]"
SOUND = "const sound = document.getElementById('dock-audio');"
PLAYS_FROM = (
    SOUND + "return !sound.paused && !sound.seeking && !sound.error"
    " && sound.currentTime > arguments[0]"
)
# Whatever would be heard as a gap, and what the browser refuses to the page.
LISTEN = (
    SOUND
    + """
window.kept = sound;
window.interruptions = [];
for (const name of ["pause", "waiting", "seeking", "emptied", "loadstart", "error"]) {
  sound.addEventListener(name, () => window.interruptions.push(name));
}
document.addEventListener("securitypolicyviolation", (event) =>
  window.interruptions.push(`${event.violatedDirective} ${event.blockedURI}`));
"""
)
# Where the other voice's file begins, looked at as early as it can be: a busy machine is late.
JUMP = (
    SOUND
    + """
window.jump = null;
const button = document.querySelector(`#dock [data-voice=${arguments[0]}]`);
const looking = new AbortController();
button.addEventListener("click", () => {
  const before = sound.currentTime;
  for (const name of ["loadeddata", "seeked", "playing", "timeupdate"]) {
    sound.addEventListener(name, () => {
      // WebKit says 0 until it is there.
      if (!sound.src.includes(arguments[1]) || sound.seeking || sound.currentTime < 0.5) return;
      window.jump = sound.currentTime - before;
      looking.abort();
    }, { signal: looking.signal });
  }
}, { once: true, capture: true });
"""
)
HEARD = (
    SOUND
    + """
const pieces = [...Array(sound.played.length).keys()];
return { same: sound === window.kept, interruptions: window.interruptions, paused: sound.paused,
  played: pieces.map((n) => [sound.played.start(n), sound.played.end(n)]) };
"""
)


@pytest.fixture(scope="module", params=drivers.NAMES)
def seated(request, portal, tmp_path_factory):
    name = request.param
    with drivers.driving(name, tmp_path_factory.mktemp(name) / "home") as browser:
        sign_in(browser, portal)
        yield browser


@pytest.fixture
def browser(seated, portal):
    portal.begin_anew()
    yield seated
    # No test is to hear the one before.
    seated.open(f"{portal.url}/healthz")


@pytest.fixture
def hour(browser, portal):
    """An hour-long call that nobody has fetched, from a slow vendor; its room is open."""
    clip = dialogue("missing-parcel").whole()
    clip = clip.repeated(-(-HOUR_S // int(clip.duration)))
    audio = {"mixed": clip.mp3("mixed"), "agent": clip.leg("agent")}
    call = make_call(f"sess_{uuid4().hex}", audio, duration=clip.duration)
    portal.vendor.add_call(call)
    told = {"bandwidth": BANDWIDTH, "range": True, "validators": "strong"}
    portal.vendor.options.update(told)
    browser.open(f"{portal.url}/")
    browser.type("[name=ids]", call.id)
    browser.click(".open-calls [type=submit]")
    browser.wait("return document.querySelector(arguments[0])", f"call-room {PRESS_PLAY}")
    return call


def sign_in(browser, portal):
    browser.open(f"{portal.url}/accounts/login/")
    browser.type("[name=username]", PERSON)
    browser.type("[name=password]", portal.password)
    browser.click("main form [type=submit]")
    browser.wait("return location.pathname === '/' && document.querySelector('#dock')")


def sound(browser, what="currentTime"):
    return browser.run(f"{SOUND} return sound.{what}")


def shows(browser, heading):
    browser.wait("return document.querySelector('h1')?.textContent.includes(arguments[0])", heading)


def test_it_plays_on_over_links_and_back_without_a_gap(browser, hour):
    browser.click(PRESS_PLAY)
    browser.wait(PLAYS_FROM, 0.3)
    browser.run(LISTEN)
    began = sound(browser)

    for _ in range(3):
        browser.click(".topnav a")
        shows(browser, "Library")
        browser.click("#open-sess_01HXYZ123456789")
        shows(browser, "Call of")
    for heading in ("Library", "Call of", "Library"):
        browser.back()
        shows(browser, heading)
    browser.wait(PLAYS_FROM, began + 1)

    heard = browser.run(HEARD)
    assert heard["same"]
    assert heard["interruptions"] == []
    assert not heard["paused"]
    ((start, end),) = heard["played"]
    assert start < 0.1
    assert end > began + 1


def test_a_cold_hour_plays_from_its_ninth_tenth(browser, hour, portal):
    if not browser.asks_for_ranges:
        pytest.skip("This browser reads on to a far place, however long that takes")
    browser.click(PRESS_PLAY)
    browser.wait(PLAYS_FROM, 0.3)

    browser.type("body", "9")

    recording = hour.recordings[0]
    browser.wait(PLAYS_FROM, 0.9 * recording.duration + 0.2)
    asked = portal.vendor.requests.matching(f"/{recording.id}/audio")
    assert len(asked) == 2
    assert asked[0].sent < 0.9 * recording.audio.size


def test_voices_switch_at_the_same_second(browser, portal):
    browser.open(f"{portal.url}{PARCEL}?t=2&channel=mixed")
    browser.click(PRESS_PLAY)
    browser.wait(PLAYS_FROM, 3)
    for voice, recording in VOICES:
        browser.run(JUMP, voice, recording)
        browser.click(f"#dock [data-voice={voice}]")
        browser.wait("return window.jump !== null")
        assert abs(browser.run("return window.jump")) < 0.25
        browser.wait(PLAYS_FROM, 3)


def test_the_gap_of_a_paused_call_is_jumped_over_without_another_click(browser, portal):
    browser.open(f"{portal.url}{PAUSED}")
    first, second = browser.run(
        "return JSON.parse(document.querySelector('call-room').dataset.call).voices.mixed"
    )
    browser.open(f"{portal.url}{PAUSED}?t={first['duration'] - 1.5}")

    browser.click(PRESS_PLAY)

    browser.wait(
        SOUND
        + "const { second } = document.querySelector('call-room');"
        + "return second > arguments[0] && !sound.error",
        second["start"] + 0.3,
    )


@pytest.fixture
def mute_firefox(portal, tmp_path):
    """Firefox on a machine that has no sound output."""
    portal.begin_anew()
    with drivers.driving("Firefox", tmp_path / "home", with_sound=False) as browser:
        sign_in(browser, portal)
        yield browser


def test_without_any_sound_output_it_says_so_instead_of_trying_for_ever(mute_firefox, portal):
    mute_firefox.open(f"{portal.url}{PARCEL}")

    mute_firefox.click(PRESS_PLAY)

    mute_firefox.wait(
        "return document.getElementById('dock-sentence').textContent.includes('cannot play')"
    )
