"""The portal's journeys in a real browser: sign in, open, filter, play, download."""

import hashlib
import re

import pytest
from playwright.sync_api import expect

from recordings.simulator import make_call, noise

pytestmark = pytest.mark.browser

PARCEL = "/sessions/sess_01HXYZ123456789/"
MIXED = "rec_01HABC987654321"
# No part of a page waits longer before it looks for the first few times.
NEXT_LOOK_MS = 60_000


def channel_link(page, channel):
    return page.get_by_role("navigation", name="Channel").get_by_role("link", name=channel)


def test_a_person_signs_in_and_out_again(open_page, portal):
    page = open_page(None, f"{PARCEL}?channel=agent")
    expect(page).to_have_url(re.compile("/accounts/login/"))

    page.get_by_label("Name").fill("leo")
    page.get_by_label("Password").fill(portal.password)
    page.keyboard.press("Enter")

    expect(page).to_have_url(f"{portal.url}{PARCEL}?channel=agent")
    page.get_by_role("button", name="Sign out").click()
    expect(page).to_have_url(re.compile("/accounts/login/"))
    page.goto("/")
    expect(page).to_have_url(re.compile("/accounts/login/"))


def test_a_call_is_opened_by_its_id(open_page, portal):
    page = open_page("rosa")

    page.get_by_label("Open calls").fill("Please see sess_01HXYZ123456789, thanks")
    page.get_by_role("button", name="Open", exact=True).click()

    expect(page).to_have_url(portal.url + PARCEL)
    expect(page.get_by_role("row")).to_have_count(4)
    expect(page.get_by_text("Jürgen Groß")).to_be_visible()


def test_a_whole_row_of_the_library_leads_to_its_call(open_page, portal):
    page = open_page("rosa")

    cell = page.get_by_role("row", name="sess_01HXYZ123456789").locator("td").nth(1)
    # Calls that other tests have opened may stand above it.
    cell.scroll_into_view_if_needed()
    length = cell.bounding_box()
    page.mouse.click(length["x"] + 5, length["y"] + 5)

    expect(page).to_have_url(portal.url + PARCEL)


def test_the_channel_filter_changes_the_table_alone_and_back_works(open_page, portal):
    page = open_page("rosa", PARCEL)
    page.evaluate("window.untouched = true")

    channel_link(page, "Agent").click()
    expect(page).to_have_url(f"{portal.url}{PARCEL}recordings?channel=agent")
    expect(page.get_by_role("row")).to_have_count(2)
    channel_link(page, "Customer").click()
    expect(page).to_have_url(f"{portal.url}{PARCEL}recordings?channel=customer")
    assert page.evaluate("window.untouched") is True

    page.go_back()
    expect(page).to_have_url(f"{portal.url}{PARCEL}recordings?channel=agent")
    expect(page.get_by_role("row")).to_have_count(2)
    expect(page.locator("#recordings [aria-current=true]")).to_have_text(re.compile("Agent"))
    expect(page.get_by_role("heading", name=re.compile("Call of"))).to_be_visible()
    page.go_back()
    expect(page.get_by_role("row")).to_have_count(4)
    expect(page.locator("#recordings [aria-current=true]")).to_have_text(re.compile("All"))


def test_without_javascript_filter_and_refresh_still_work(open_page, portal):
    page = open_page("rosa", PARCEL, java_script_enabled=False)

    channel_link(page, "Customer").click()
    expect(page).to_have_url(f"{portal.url}{PARCEL}recordings?channel=customer")
    expect(page.get_by_role("row")).to_have_count(2)
    page.get_by_role("button", name="Refresh").click()
    expect(page).to_have_url(f"{portal.url}{PARCEL}?channel=customer")
    expect(page.get_by_role("row")).to_have_count(2)
    expect(page.locator("#recordings audio[controls]")).to_be_visible()


def play(page, channel):
    page.get_by_role("button", name=f"Play the {channel} recording").click()
    page.wait_for_function(
        "channel => !sound().paused && sound().readyState > 2 && sound().currentTime > 0.3"
        " && pressed() === `Play the ${channel} recording`",
        arg=channel,
    )


@pytest.fixture
def room(open_page):
    """The room of a call, and short names for its player."""
    page = open_page("rosa", f"{PARCEL}?t=0")
    page.evaluate(
        """() => {
            window.sound = () => document.getElementById("dock-audio");
            window.pressed = () => document.querySelector("[data-play][aria-pressed=true]")
              ?.getAttribute("aria-label");
        }"""
    )
    return page


def test_each_recording_plays_and_never_two_together(room):
    for channel in ("mixed", "agent", "customer"):
        play(room, channel)

        assert room.evaluate("sound().error") is None
        assert room.evaluate("sound().duration") > 10
        assert room.locator("[data-play][aria-pressed=true]").count() == 1
    assert room.locator("audio").count() == 1


def test_the_sound_plays_on_while_the_table_refreshes(room):
    play(room, "mixed")

    with room.expect_response("**/refresh?*"):
        room.get_by_role("button", name="Refresh").click()
    room.wait_for_function("() => !document.querySelector('.htmx-request, .htmx-settling')")
    before = room.evaluate("sound().currentTime")

    room.wait_for_function("t => sound().currentTime > t", arg=before + 0.2)
    assert room.evaluate("pressed()") == "Play the mixed recording"


def test_a_download_is_the_vendors_file_under_a_telling_name(open_page, portal):
    page = open_page("leo", PARCEL)

    with page.expect_download() as waiting:
        page.get_by_role("link", name="Download the mixed recording").click()

    download = waiting.value
    audio = portal.vendor.recording(MIXED)[0].audio
    theirs = hashlib.sha256(b"".join(bytes(b) for b in audio.blocks(0, audio.size))).hexdigest()
    assert hashlib.sha256(download.path().read_bytes()).hexdigest() == theirs
    assert re.fullmatch(
        r"\d{4}-\d\d-\d\d_\d{4}_sess_01HXYZ123456789_mixed\.mp3", download.suggested_filename
    )


def test_a_processing_row_becomes_ready_under_ones_eyes(open_page, portal):
    portal.vendor.add_call(make_call("sess_soon", {"mixed": noise(9000)}, ready_after=600))
    page = open_page("rosa")
    page.clock.install()
    page.get_by_label("Open calls").fill("sess_soon")
    page.keyboard.press("Enter")
    expect(page.locator("#recordings").get_by_text("Processing", exact=True)).to_be_visible()
    page.evaluate("window.untouched = true")

    portal.vendor.advance(601)
    portal.refresh("sess_soon")
    page.clock.fast_forward(NEXT_LOOK_MS)

    expect(page.get_by_text("Ready", exact=True)).to_be_visible()
    expect(page.locator("#recordings audio")).to_have_count(1)
    assert page.evaluate("window.untouched") is True


def test_a_request_that_fails_says_so_and_keeps_the_table(open_page, complaints):
    page = open_page("rosa", PARCEL)

    page.route("**/recordings?channel=agent", lambda route: route.abort())
    channel_link(page, "Agent").click()

    expect(page.get_by_role("status")).to_contain_text("The portal could not be reached.")
    expect(page.get_by_role("row")).to_have_count(4)
    assert any("ERR_FAILED" in complaint for complaint in complaints)
    complaints.clear()


def test_a_session_that_ended_meanwhile_leads_to_the_form_and_back(open_page, portal, complaints):
    page = open_page("rosa", PARCEL)
    page.context.clear_cookies(name="sessionid")

    channel_link(page, "Agent").click()

    expect(page).to_have_url(f"{portal.url}/accounts/login/?next={PARCEL}")
    complaints.clear()


def test_a_rate_limit_counts_down(open_page, portal, fault, complaints):
    page = open_page("rosa", "/")
    with fault("status", "/sessions/sess_unknown", status=429, retry_after=3, times=1):
        page.get_by_label("Open calls").fill("sess_unknown")
        page.get_by_role("button", name="Open", exact=True).click()
        number = page.get_by_role("alert").locator("[data-countdown]")
        expect(number).to_have_text(re.compile("[1-3]"))
        expect(number).to_have_text("0")
    complaints.clear()

    page.get_by_role("button", name="Open", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("Kallglot does not know this id.")
    complaints.clear()
