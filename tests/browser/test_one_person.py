"""Several people at one machine: what one has heard is kept for them, and nothing for the next."""

import pytest
from playwright.sync_api import expect

from .test_heard import plays_beyond

pytestmark = pytest.mark.browser

PARCEL = "/sessions/sess_01HXYZ123456789/"
PLACE = f"{PARCEL}listening"


def sign_in(page, portal, name):
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(portal.password)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name="Sign out").wait_for()


def sign_out(page):
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/accounts/login/**")


@pytest.fixture
def room(open_page, portal):
    """Rosa hears a call, signed in by a session of her own."""
    page = open_page(None, f"/accounts/login/?next={PARCEL}?t=3")
    sign_in(page, portal, "rosa")
    expect(page.locator("#dock")).to_be_visible()
    page.keyboard.press("k")
    plays_beyond(page, 5.2)
    return page


def test_signing_out_keeps_what_was_heard_and_leaves_nothing_in_the_tab(room, portal):
    sign_out(room)
    assert room.evaluate("sessionStorage.getItem('player')") is None

    sign_in(room, portal, "leo")
    with room.expect_response("**/listening"):
        room.get_by_role("button", name="Play the call sess_01HXYZ123456789").click()
    assert room.request.get(PLACE).json()["heard"] == ""
    sign_out(room)
    sign_in(room, portal, "rosa")

    kept = room.request.get(PLACE).json()
    assert kept["second"] >= 5.2
    assert kept["heard"].startswith("3-")
    assert int(kept["heard"][2:]) >= 6


def test_who_signs_in_after_another_in_the_same_tab_finds_no_call_of_theirs(room, portal):
    room.context.clear_cookies(name="sessionid")
    room.goto("/")
    sign_in(room, portal, "leo")

    assert room.evaluate("sessionStorage.getItem('player')") is None
    expect(room.locator("#dock")).to_be_hidden()


def test_a_tab_of_somebody_else_becomes_that_of_who_signs_in(room, portal):
    other = room.context.new_page()
    room.context.clear_cookies(name="sessionid")  # the session is over, nobody signed out
    other.goto("/")
    sign_in(other, portal, "leo")

    expect(room.locator(".whoami-name")).to_have_text("Leo Lead")
    expect(room.locator("#dock-message")).to_be_hidden()
    assert other.request.get(PLACE).json()["heard"] == ""


def test_seconds_heard_on_the_page_of_one_are_not_told_for_another(room, signed_in, complaints):
    room.context.clear_cookies()
    room.context.add_cookies(signed_in("leo")["cookies"])

    with room.expect_response("**/listening") as told:
        room.keyboard.press("k")

    assert told.value.status == 401
    assert room.request.get(PLACE).json()["heard"] == ""
    expect(room.locator("#dock-message")).to_contain_text("You were signed out.")
    complaints.clear()


def test_signing_out_ends_the_sound_and_the_page_of_other_tabs(room):
    other = room.context.new_page()
    other.goto("/")

    sign_out(other)

    room.wait_for_url("**/accounts/login/**")
    expect(room.locator("#dock")).to_have_count(0)
    assert "Jürgen" not in room.content()
