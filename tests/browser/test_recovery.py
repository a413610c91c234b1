"""The sound comes back: after the server was away, and after somebody was signed out."""

import re
from uuid import uuid4

import pytest
from playwright.sync_api import expect

from recordings.simulator import make_call

from .test_player import click_track

pytestmark = pytest.mark.browser

PARCEL = "/sessions/sess_01HXYZ123456789/"
EXPIRED = """
from recordings.models import Recording
own = Recording.objects.filter(session__kallglot_id="{call}")
own.update(expires_at="2020-01-01T00:00:00Z")
"""
STALLED_MS = 11_000
LONGEST_DELAY_MS = 8_000
SOUND = re.compile("/audio")
# A byte of the long call that nothing near its beginning needs.
FAR = 5_000_000


def plays_at(page, second):
    page.wait_for_function(
        "at => { const a = document.getElementById('dock-audio');"
        " return !a.paused && !a.seeking && a.readyState > 2"
        " && a.currentTime > at && a.currentTime < at + 20; }",
        arg=second,
    )


def await_requests(page, held, number):
    """Wait, while the browser's events come in, until so many requests are held."""
    for _ in range(1200):
        if len(held) >= number:
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"{len(held)} requests instead of {number}")


def test_it_goes_on_at_the_same_second_after_the_server_was_away(
    open_page, long_call, portal, complaints
):
    page = open_page("rosa", f"/sessions/{long_call}/?t=5&channel=agent")
    page.locator("[data-room=toggle]").click()
    plays_at(page, 5.2)

    page.clock.install()
    refused = []
    page.on("requestfailed", lambda r: refused.append(r) if r.resource_type == "fetch" else None)
    portal.stop_serving()
    try:
        # Beyond what is buffered: the server is needed.
        page.evaluate("document.querySelector('call-room').seek(1150)")
        page.wait_for_function("() => document.getElementById('dock-state').textContent")
        # Chromium itself goes on trying for half a minute before it tells anybody.
        page.clock.run_for(STALLED_MS)
        expect(page.locator("#dock-message")).to_contain_text("Trying again")
        for tries in range(2, 5):
            page.clock.run_for(LONGEST_DELAY_MS)
            await_requests(page, refused, tries)
            expect(page.locator("#dock-message")).to_contain_text("Trying again")
    finally:
        portal.serve()
    page.clock.run_for(LONGEST_DELAY_MS)

    plays_at(page, 1150.2)
    expect(page.locator("#dock-message")).to_be_hidden()
    complaints.clear()


def test_who_was_signed_out_is_asked_to_sign_in_and_hears_on(open_page, portal, complaints):
    page = open_page("leo", f"{PARCEL}?t=9")
    cookies = page.context.cookies()
    page.context.clear_cookies(name="sessionid")

    page.locator("[data-room=toggle]").click()

    expect(page.locator("#dock-message")).to_contain_text("You were signed out.")
    expect(page.locator("#dock-sign-in")).to_be_visible()
    assert page.locator("#dock-audio").evaluate("audio => audio.paused")

    page.context.add_cookies(cookies)
    page.locator("#dock-retry").click()

    plays_at(page, 9.1)
    expect(page.locator("#dock-message")).to_be_hidden()
    complaints.clear()


@pytest.fixture
def waiting(open_page, complaints):
    """A room that was asked to play, and whose sound does not come until `unroute(SOUND)`."""
    page = open_page("rosa", f"{PARCEL}?t=3&channel=mixed")
    page.route(SOUND, lambda route: route.abort())
    page.locator("[data-room=toggle]").click()
    expect(page.locator("#dock-message")).to_contain_text("Trying again")
    expect(page.locator("[data-room-label]")).to_have_text("Pause")
    yield page
    complaints.clear()


def test_who_pauses_while_the_sound_is_waited_for_is_not_surprised_by_it(waiting):
    label = waiting.locator("[data-room-label]")
    waiting.locator("[data-room=toggle]").click()
    expect(label).to_have_text("Play")

    waiting.unroute(SOUND)

    expect(waiting.locator("#dock-message")).to_be_hidden()
    assert label.inner_text() == "Play"
    waiting.locator("[data-room=toggle]").click()
    plays_at(waiting, 3.1)


def test_who_pauses_and_plays_while_the_sound_is_waited_for_hears_it(waiting):
    waiting.locator("[data-room=toggle]").click()
    waiting.locator("[data-room=toggle]").click()

    waiting.unroute(SOUND)

    plays_at(waiting, 3.1)


def test_try_again_is_still_meant_when_the_sound_comes_only_later(open_page, complaints):
    page = open_page("rosa", f"{PARCEL}?t=3&channel=mixed")
    page.route(SOUND, lambda route: route.fulfill(status=401))
    page.locator("[data-room=toggle]").click()
    expect(page.locator("#dock-message")).to_contain_text("You were signed out.")
    page.locator("#dock-retry").click()
    expect(page.locator("[data-room-label]")).to_have_text("Play")

    page.unroute(SOUND)
    page.route(SOUND, lambda route: route.fulfill(status=503))
    page.locator("#dock-retry").click()
    expect(page.locator("#dock-message")).to_contain_text("Trying again")
    page.unroute(SOUND)

    plays_at(page, 3.1)
    complaints.clear()


@pytest.fixture
def unfetched(open_page, portal):
    """The room of a call whose audio nobody has fetched yet; each test has its own."""
    call, sound = f"sess_unfetched{uuid4().hex}", {"mixed": click_track()}
    portal.vendor.add_call(make_call(call, sound, duration=40, formats={"mixed": "wav"}))
    page = open_page("rosa")
    page.get_by_label("Open calls").fill(call)
    page.keyboard.press("Enter")
    expect(page.locator("#dock")).to_be_visible()
    return page


def test_why_kallglot_gives_no_sound_is_told(unfetched, fault, complaints):
    message = unfetched.locator("#dock-message")
    with fault("status", "/audio", status=402):
        unfetched.locator("[data-room=toggle]").click()
        expect(message).to_contain_text("Kallglot credits are used up")
        unfetched.locator("#dock [data-do=close]").click()
    complaints.clear()


def test_what_has_expired_is_not_tried_again(unfetched, portal, complaints):
    call = unfetched.url.rstrip("/").rsplit("/", 1)[1]
    portal.run(EXPIRED.format(call=call))

    unfetched.locator("[data-room=toggle]").click()

    expect(unfetched.locator("#dock-sentence")).to_have_text(
        "This recording has expired and was deleted."
    )
    expect(unfetched.locator("#dock-retry")).to_be_hidden()
    complaints.clear()


def test_it_plays_by_itself_when_the_wait_that_kallglot_asked_for_is_over(
    unfetched, fault, complaints
):
    message = unfetched.locator("#dock-message")
    with fault("status", "/audio", status=429, retry_after=3):
        unfetched.locator("[data-room=toggle]").click()
        expect(message).to_contain_text("Kallglot's limit of requests is reached. Next try in")
        expect(message).to_contain_text(re.compile("in [1-3] s[.]"))

    plays_at(unfetched, 0.1)
    expect(message).to_be_hidden()
    complaints.clear()


def test_sound_that_is_slow_to_come_is_waited_for(open_page, long_call):
    page = open_page("rosa", f"/sessions/{long_call}/?t=5&channel=agent")
    page.locator("[data-room=toggle]").click()
    plays_at(page, 5.2)
    page.clock.install()
    held = []

    def hold(route):
        if route.request.resource_type == "media":
            held.append(route)
        else:
            route.continue_()

    page.route(SOUND, hold)
    page.evaluate("document.querySelector('call-room').seek(1150)")
    message = page.locator("#dock-message")
    for asked in range(1, 5):
        page.wait_for_function("() => document.getElementById('dock-state').textContent")
        await_requests(page, held, asked)
        page.clock.fast_forward(STALLED_MS)
        expect(message).to_contain_text("The sound is slow to come.")
    assert len(held) >= 4

    page.unroute(SOUND)
    page.clock.fast_forward(STALLED_MS)
    plays_at(page, 1150.2)
    expect(message).to_be_hidden()


def test_sound_that_comes_while_it_is_asked_why_not_is_sound(open_page, long_call):
    page = open_page("rosa", f"/sessions/{long_call}/?t=5&channel=agent")
    page.locator("[data-room=toggle]").click()
    plays_at(page, 5.2)
    page.clock.install()
    held = {}  # the first request of the element for a far place, and the question

    def hold(route):
        kind = route.request.resource_type
        start = int(route.request.headers["range"].removeprefix("bytes=").split("-")[0])
        if (kind == "media" and start < FAR) or held.setdefault(kind, route) is not route:
            route.continue_()

    page.route(SOUND, hold)
    page.evaluate("document.querySelector('call-room').seek(1150)")
    page.wait_for_function("() => document.getElementById('dock-state').textContent")
    page.clock.fast_forward(STALLED_MS)
    expect(page.locator("#dock-message")).to_contain_text("The sound is slow to come.")
    await_requests(page, held, 2)

    held["media"].continue_()

    plays_at(page, 1150.2)
    expect(page.locator("#dock-message")).to_be_hidden()
    expect(page.locator("#dock-elapsed")).to_have_text(re.compile("19:1[0-9]"))


def test_a_refused_start_says_what_to_do(open_page):
    page = open_page("rosa", f"{PARCEL}?t=3")
    page.evaluate(
        """() => {
            const audio = document.getElementById("dock-audio");
            const really = audio.play.bind(audio);
            audio.play = () => {
              audio.play = really;
              return Promise.reject(new DOMException("", "NotAllowedError"));
            };
        }"""
    )

    page.keyboard.press("k")
    expect(page.locator("#dock-message")).to_contain_text("press play")
    page.locator("[data-room=toggle]").click()

    plays_at(page, 3.1)
    expect(page.locator("#dock-message")).to_be_hidden()


def test_a_second_tab_that_plays_pauses_the_first(open_page):
    first = open_page("rosa", f"{PARCEL}?t=0")
    second = first.context.new_page()
    first.locator("[data-room=toggle]").click()
    plays_at(first, 0.2)

    second.goto(f"{PARCEL}?t=1")
    second.locator("[data-room=toggle]").click()
    plays_at(second, 1.1)

    first.wait_for_function("() => document.getElementById('dock-audio').paused")
