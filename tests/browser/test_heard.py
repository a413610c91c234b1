"""What counts as heard: every second that had sound, however the portal answered, and no other."""

import re

import pytest
from playwright.sync_api import Error, expect

pytestmark = pytest.mark.browser

PARCEL = "/sessions/sess_01HXYZ123456789/?t=3&channel=mixed"
PARCEL_PLACE = "/sessions/sess_01HXYZ123456789/listening"
HOUR = "sess_01KE5EADYFEVMFSM63BRRZ1SZT"
PLACE = re.compile("/listening$")
HEARD_HERE = "[...document.querySelector('call-room').call.heardSeconds].sort((a, b) => a - b)"
# The seconds that the server knows of: once they are those of this page, else after a while.
TOLD = f"""async () => {{
    const {{ place }} = document.querySelector("call-room").call;
    for (let n = 1; ; n += 1) {{
      const {{ heard }} = await (await fetch(place)).json();
      const seconds = heard.split(",").filter(Boolean).flatMap((range) => {{
        const [start, end] = range.split("-").map(Number);
        return [...Array(end - start).keys()].map((n) => start + n);
      }});
      if (seconds.join() === {HEARD_HERE}.join() || n === 50) return seconds;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }}
}}"""


def plays_beyond(page, second):
    page.wait_for_function(
        "t => { const a = document.getElementById('dock-audio');"
        " return !a.paused && !a.seeking && a.readyState > 2 && a.currentTime > t; }",
        arg=second,
    )


def test_seconds_that_the_portal_did_not_take_are_told_again(open_page, complaints):
    page = open_page("rosa", PARCEL)
    refused = []

    def refuse(route):
        if route.request.method != "POST":
            route.fallback()
            return
        refused.append(route.request.post_data)
        route.fulfill(status=503, content_type="text/plain", body="Not now.")

    page.route(PLACE, refuse)
    page.keyboard.press("k")
    plays_beyond(page, 5)
    with page.expect_response(lambda answer: answer.status == 503):
        page.keyboard.press("k")
    assert any("heard=3" in told for told in refused)
    page.unroute(PLACE)

    page.evaluate("document.querySelector('call-room').seek(12)")
    page.keyboard.press("k")
    plays_beyond(page, 13)
    page.keyboard.press("k")

    assert page.evaluate(TOLD) == page.evaluate(HEARD_HERE) != []
    complaints.clear()


def test_seconds_without_sound_do_not_count_however_one_moves_in_them(open_page, complaints):
    page = open_page("rosa", PARCEL)
    page.route(re.compile("/audio"), lambda route: route.abort())
    page.keyboard.press("k")
    expect(page.locator("#dock-message")).to_contain_text("Trying again")

    for _ in range(5):
        page.keyboard.press("Shift+ArrowRight")
    expect(page.locator("#dock-elapsed")).to_have_text("0:08")

    assert page.evaluate(HEARD_HERE) == []
    complaints.clear()


def test_seconds_of_a_call_that_gave_way_meanwhile_are_told_later(open_page, complaints):
    page = open_page("rosa", PARCEL)
    expect(page.locator("#dock")).to_be_visible()
    page.route(PLACE, lambda r: r.fallback() if r.request.method == "GET" else r.abort())
    page.keyboard.press("k")
    plays_beyond(page, 5)
    page.get_by_role("link", name="Library", exact=True).first.click()
    with page.expect_request(lambda r: r.method == "POST" and r.url.endswith(PARCEL_PLACE)):
        page.get_by_role("button", name=f"Play the call {HOUR}").click()
    plays_beyond(page, 0.3)
    page.unroute(PLACE)

    with page.expect_response(lambda a: a.status == 204 and a.url.endswith(PARCEL_PLACE)):
        page.keyboard.press("k")

    heard = page.request.get(PARCEL_PLACE).json()["heard"]
    assert heard.startswith("3-")
    assert int(heard[2:]) >= 6
    assert page.request.get(f"/sessions/{HOUR}/listening").json()["heard"].startswith("0-")
    complaints.clear()


def test_seconds_that_were_not_taken_outlive_a_full_page_load(open_page, portal, complaints):
    page = open_page("rosa", PARCEL)
    expect(page.locator("#dock")).to_be_visible()
    page.keyboard.press("k")
    plays_beyond(page, 5)
    portal.stop_serving()
    try:
        with pytest.raises(Error, match="ERR_CONNECTION_REFUSED"):
            page.goto("/")
    finally:
        portal.serve()
    assert page.request.get(PARCEL_PLACE).json()["heard"] == ""
    page.goto("/")

    page.get_by_role("button", name=f"Play the call {HOUR}").click()
    plays_beyond(page, 0.3)
    with page.expect_response(lambda a: a.status == 204 and a.url.endswith(PARCEL_PLACE)):
        page.keyboard.press("k")

    assert page.request.get(PARCEL_PLACE).json()["heard"].startswith("3-")
    complaints.clear()
