"""The player on real speech: it plays, seeks, switches voices, skips silence, and plays on."""

import re
import struct

import pytest
from playwright.sync_api import expect

from recordings.simulator import make_call

pytestmark = pytest.mark.browser

PARCEL = "/sessions/sess_01HXYZ123456789/"
OWN_CALL = "/sessions/sess_01KGZJ3ZGANRST6TAE72QVRSES/"
PLAYS = "() => { const a = document.getElementById('dock-audio'); return !a.paused && !a.error; }"


def sound(page, what="currentTime"):
    return page.evaluate(f"document.getElementById('dock-audio').{what}")


def plays_beyond(page, second):
    page.wait_for_function(
        "t => { const a = document.getElementById('dock-audio');"
        " return !a.paused && !a.seeking && a.readyState > 2 && a.currentTime > t; }",
        arg=second,
    )


@pytest.fixture
def room(open_page):
    page = open_page("rosa", f"{PARCEL}?t=0&channel=mixed")
    expect(page.locator(".lanes-strip.has-lanes").first).to_be_visible()
    return page


def test_it_plays_and_pauses_from_the_room_and_from_the_dock(room):
    assert sound(room, "getAttribute('src')") is None

    room.locator("[data-room=toggle]").click()
    plays_beyond(room, 0.5)
    room.get_by_role("region", name="Player").get_by_role("button", name="Pause").click()

    assert sound(room, "paused")
    expect(room.locator("[data-room-label]")).to_have_text("Play")
    expect(room.locator("#dock-elapsed")).to_have_text(re.compile("0:0[0-9]"))


def test_voices_switch_at_the_same_second(room):
    room.locator("[data-room=toggle]").click()
    plays_beyond(room, 1)

    for voice in ("Agent", "Customer", "Both"):
        room.get_by_role("group", name="Voices").get_by_role("button", name=voice).click()
        plays_beyond(room, 1)
        expect(
            room.get_by_role("group", name="Voices").get_by_role("button", name=voice)
        ).to_have_attribute("aria-pressed", "true")
    assert "rec_01HABC987654321" in sound(room, "src")


def test_a_switch_of_voices_loses_no_more_than_a_quarter_of_a_second(room):
    room.locator("[data-room=toggle]").click()
    plays_beyond(room, 1)

    # Where the other file is begun, before any of it is heard: however late that is noticed.
    jump = room.evaluate(
        """() => new Promise((resolve) => {
            const audio = document.getElementById("dock-audio");
            const before = audio.currentTime;
            audio.addEventListener("loadedmetadata", () => resolve(audio.currentTime - before),
              { once: true });
            document.querySelector("#dock [data-voice=agent]").click();
        })"""
    )

    assert abs(jump) < 0.25
    assert "rec_01HABC987654322" in sound(room, "src")
    plays_beyond(room, 1.5)


def test_skip_silence_skips_and_says_what_it_saves(open_page):
    page = open_page("rosa", f"{PARCEL}?t=0&channel=customer")
    button = page.get_by_role("button", name=re.compile("Skip silence .0:"))
    button.click()
    expect(button).to_have_attribute("aria-pressed", "true")

    page.locator("[data-room=toggle]").click()
    plays_beyond(page, 3)

    # The customer's first words come after three seconds.
    heard = page.evaluate(
        """() => {
            const { played } = document.getElementById("dock-audio");
            return [...Array(played.length).keys()].reduce((sum, n) =>
              sum + Math.max(0, Math.min(played.end(n), 2.5) - played.start(n)), 0);
        }"""
    )
    assert heard < 1
    button.click()


@pytest.mark.parametrize("times", [3, pytest.param(20, marks=pytest.mark.endurance)])
def test_it_plays_on_over_links_and_back(times, open_page):
    page = open_page("rosa")
    # An hour long, so that it does not end on the way.
    page.get_by_role("button", name="Play the call sess_01KE5EADYFEVMFSM63BRRZ1SZT").click()
    plays_beyond(page, 0.2)
    page.evaluate("window.untouched = true")

    for _ in range(times):
        page.get_by_role("row", name="sess_01KNBNNTYAANF94AN345HND5HN").locator(".row-link").click()
        expect(page.get_by_role("heading", name=re.compile("Call of"))).to_be_visible()
        assert page.evaluate(PLAYS)
        page.get_by_role("link", name="Library", exact=True).first.click()
        expect(page.get_by_role("heading", name="Library")).to_be_visible()
        assert page.evaluate(PLAYS)
    for heading in (re.compile("Call of"), "Library", re.compile("Call of")):
        page.go_back()
        expect(page.get_by_role("heading", name=heading, level=1)).to_be_visible()
        assert page.evaluate(PLAYS)
    assert page.evaluate("window.untouched") is True


def test_a_row_of_the_library_starts_the_dock_and_the_title_leads_to_the_second(open_page):
    page = open_page("rosa")

    page.get_by_role("button", name="Play the call sess_01HXYZ123456789").click()
    plays_beyond(page, 0.3)
    page.locator("#dock-call").click()

    expect(page.get_by_role("heading", name=re.compile("Call of"))).to_be_visible()
    page.wait_for_load_state("networkidle")
    expect(page).to_have_url(re.compile(re.escape(PARCEL) + r"\?t="))
    assert page.evaluate(PLAYS)


def test_a_link_to_a_second_opens_cued_there(open_page):
    page = open_page("rosa", f"{PARCEL}?t=8.5&to=10&channel=customer")

    expect(page.locator("#dock-elapsed")).to_have_text("0:08")
    assert sound(page, "paused")
    assert sound(page, "getAttribute('src')") is None
    expect(page.locator("[data-voice=customer]")).to_have_attribute("aria-pressed", "true")
    expect(page.locator("[data-room-range-text]")).to_have_text("0:08.5 – 0:10.0")

    page.locator("[data-room=loop]").click()
    plays_beyond(page, 9)
    page.wait_for_function("() => document.getElementById('dock-audio').currentTime < 8.9")
    assert sound(page) > 8.4


def test_it_goes_on_where_one_stopped_and_knows_what_was_heard(open_page):
    # A call that no other test plays: what was heard is kept per person and call.
    page = open_page("leo", f"{OWN_CALL}?t=5")
    page.locator("[data-room=toggle]").click()
    plays_beyond(page, 7.2)
    with page.expect_response("**/listening"):
        page.locator("[data-room=toggle]").click()
    stood = int(sound(page))
    assert 7 <= stood < 20

    again = open_page("leo", OWN_CALL)

    expect(again.locator("#dock-elapsed")).to_have_text(f"0:{stood:02}")
    known = again.request.get(f"{OWN_CALL}listening").json()
    assert known["heard"] == f"5-{stood + 1}"
    again.goto("/")
    row = again.get_by_role("row", name="sess_01KGZJ3ZGANRST6TAE72QVRSES")
    expect(row.locator(".heard-share")).to_have_text(re.compile(r"[1-6]\d.%"))
    again.goto("/?view=unheard")
    expect(row).to_have_count(0)


def click_track(seconds=40, rate=8000):
    """A WAV with one loud sample at each whole second; the rest is silence."""
    samples = [20_000 if n % rate == 0 else 0 for n in range(seconds * rate)]
    data = struct.pack(f"<{len(samples)}h", *samples)
    head = struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        *(b"RIFF", 36 + len(data), b"WAVE", b"fmt ", 16, 1, 1, rate, 2 * rate, 2, 16),
        *(b"data", len(data)),
    )
    return head + data


@pytest.mark.timed
def test_a_seek_lands_within_fifty_milliseconds(open_page, portal):
    audio = {"mixed": click_track()}
    portal.vendor.add_call(make_call("sess_clicks", audio, duration=40, formats={"mixed": "wav"}))
    page = open_page("rosa")
    page.get_by_label("Open calls").fill("sess_clicks")
    page.keyboard.press("Enter")
    page.locator("[data-room=toggle]").click()
    plays_beyond(page, 0.2)

    worst = page.evaluate(
        """async () => {
            const audio = document.getElementById("dock-audio");
            const context = new AudioContext({ sampleRate: 8000 });
            const source = context.createMediaElementSource(audio);
            const meter = context.createAnalyser();
            meter.fftSize = 2048;
            source.connect(meter);
            const samples = new Float32Array(meter.fftSize);
            // Where the next click is heard, beside the whole second it belongs to.
            const click = () => new Promise((resolve) => {
              const look = () => {
                meter.getFloatTimeDomainData(samples);
                const place = samples.findLastIndex((sample) => Math.abs(sample) > 0.2);
                if (place < 0) return void setTimeout(look, 5);
                const ago = (samples.length - 1 - place) / context.sampleRate;
                const heard = audio.currentTime - ago;
                return resolve(heard - Math.round(heard));
              };
              look();
            });
            const silent = () => new Promise((resolve) => setTimeout(resolve, 400));
            // On a busy machine one of them may be looked at too late; not the one in the middle.
            const beside = async () => {
              const heard = [];
              for (let n = 0; n < 3; n += 1) {
                heard.push(await click());
                await silent();
              }
              return heard.sort((a, b) => a - b)[1];
            };
            // Without any seek: what the way from the element to the meter takes.
            const usual = await beside();
            let worst = 0;
            for (const target of [33.4, 11.4]) {
              document.querySelector("call-room").seek(target);
              await new Promise((done) => audio.addEventListener("seeked", done, { once: true }));
              worst = Math.max(worst, Math.abs((await beside()) - usual));
            }
            return worst;
        }"""
    )

    assert worst < 0.05
