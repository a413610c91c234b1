"""The lanes as people see them: sharp on any screen, all that can be had, and who speaks."""

import base64
import re

import pytest
from playwright.sync_api import expect

from recordings.simulator import make_call
from tests.audio.voices import mono, samples

from .conftest import CHROMIUM_ARGUMENTS, chromium_path

pytestmark = pytest.mark.browser

CALL = "sess_01HXYZ123456789"
PARCEL = f"/sessions/{CALL}/?t=2"
WAVEFORM = re.compile("/waveform$")
LANES = "document.querySelector('call-room').call.lanes.map(({ name }) => name).join()"
# How many colours a picture has.
COLOURS = """async (picture) => {
    const image = new Image();
    image.src = `data:image/png;base64,${picture}`;
    await image.decode();
    const { width, height } = image;
    const context = new OffscreenCanvas(width, height).getContext("2d");
    context.drawImage(image, 0, 0);
    return new Set(new Uint32Array(context.getImageData(0, 0, width, height).data.buffer)).size;
}"""


def shown(page):
    expect(page.locator("call-room .has-lanes")).to_be_visible()
    return page


def opened(portal, open_page, name, audio, duration, **formats):
    """A call that Kallglot has just made, opened by its id."""
    session_id = f"sess_{name}"
    details = {"formats": formats, "duration": duration, "metadata": {"ticket_id": name}}
    portal.vendor.add_call(make_call(session_id, audio, **details))
    page = open_page("rosa")
    page.get_by_label("Open calls").fill(session_id)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/sessions/{session_id}/*")
    return page


def test_no_bar_is_smeared_over_two_pixels(portal, chromium, signed_in):
    # Chromium's emulation of such a screen lays pages on other pixels than such a screen does.
    screen = ["--force-device-scale-factor=1.5", "--window-size=1280,900"]
    browser = chromium.browser_type.launch(
        executable_path=chromium_path(),
        args=[*CHROMIUM_ARGUMENTS, *screen],
    )
    state = signed_in("rosa")
    page = browser.new_page(base_url=portal.url, storage_state=state, no_viewport=True)
    page.goto(PARCEL)
    strip = shown(page).locator("#dock .lanes-canvas").bounding_box()
    some = {"x": strip["x"] + strip["width"] * 0.3, "width": strip["width"] * 0.15}
    picture = page.screenshot(clip=strip | some)
    browser.close()

    plain = chromium.new_page()

    # The ground, the agent, the customer.
    assert plain.evaluate(COLOURS, base64.b64encode(picture).decode()) == 3
    plain.close()


def test_on_another_screen_it_is_drawn_anew(open_page):
    page = shown(open_page("rosa", PARCEL, no_viewport=True))
    canvas = page.locator("call-room .lanes-body canvas")
    width, height = page.evaluate("[innerWidth, innerHeight]")

    screen = {"width": width, "height": height, "deviceScaleFactor": 2, "mobile": False}
    page.context.new_cdp_session(page).send("Emulation.setDeviceMetricsOverride", screen)

    page.wait_for_function(
        "(canvas) => canvas.width > 1.9 * canvas.clientWidth", arg=canvas.element_handle()
    )


def test_a_drag_that_the_system_takes_over_leaves_no_range(open_page):
    page = shown(open_page("rosa", PARCEL))
    body = page.locator("call-room .lanes-body")
    box = body.bounding_box()
    page.mouse.move(box["x"] + 200, box["y"] + 50)
    page.mouse.down()
    page.mouse.move(box["x"] + 400, box["y"] + 50)
    expect(body.locator(".lanes-range")).to_be_visible()

    body.dispatch_event("pointercancel", {"pointerId": 1})

    expect(body.locator(".lanes-range")).to_be_hidden()
    expect(page.locator("[data-room-range]")).to_be_hidden()


def test_the_slider_tells_who_speaks_as_soon_as_that_is_known(open_page):
    page = open_page("rosa")
    page.route(WAVEFORM, lambda route: route.fulfill(status=202))
    page.goto(PARCEL)
    slider = page.locator("call-room").get_by_role("slider")
    expect(slider).to_have_attribute("aria-valuetext", "2 seconds of 26 seconds")

    page.unroute(WAVEFORM)

    shown(page)
    expect(slider).to_have_attribute("aria-valuetext", re.compile(", agent speaking"))


def test_legs_that_hold_the_same_sound_are_one_lane(portal, open_page):
    one = mono(samples("warranty", "agent"))

    audio = {"agent": one, "customer": one}
    page = opened(portal, open_page, "alike", audio, len(one) / 16000)
    expect(page.locator("call-room .lanes-strip")).to_be_visible()
    portal.look_through("alike")

    shown(page)
    assert page.evaluate(LANES) == "mixed"
    expect(page.locator(".check")).to_contain_text("hold the same sound")


def test_a_leg_that_cannot_be_looked_at_hides_nothing_of_the_other(portal, open_page, complaints):
    agent = samples("warranty", "agent")
    audio = {"agent": mono(agent), "customer": b"OggS" + bytes(4000)}

    page = opened(portal, open_page, "half", audio, len(agent) / 8000)
    expect(page.locator("call-room .lanes-strip")).to_be_visible()
    portal.look_through("half")

    shown(page)
    assert page.evaluate(LANES) == "agent"
    skip = page.locator("#dock-skip")
    expect(skip).to_be_enabled()
    # When the customer speaks nobody knows, so nothing of that voice is skipped.
    page.locator("#dock [data-voice=customer]").click()
    expect(skip).to_be_disabled()
    complaints.clear()
