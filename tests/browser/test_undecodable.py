"""Bytes that no browser plays: a sentence, and the file for whoever may have it."""

from random import Random

import pytest
from playwright.sync_api import expect

from recordings.simulator import make_call

pytestmark = pytest.mark.browser

# Neither a kind of audio that is known nor text.
UNKNOWN = Random(1).randbytes(200_000)


@pytest.mark.parametrize("person", ["leo", "mia"])
def test_it_is_said_and_who_may_download_is_offered_the_file(person, open_page, portal, complaints):
    call = f"sess_undecodable_for_{person}"
    sound = {"mixed": UNKNOWN}
    portal.vendor.add_call(make_call(call, sound, duration=40, formats={"mixed": "wav"}))
    page = open_page(person)
    page.get_by_label("Open calls").fill(call)
    page.keyboard.press("Enter")
    expect(page.locator("#dock")).to_be_visible()
    page.locator("[data-room=toggle]").click()

    expect(page.locator("#dock-message")).to_contain_text("This browser cannot play")
    expect(page.locator("#dock-download")).to_be_visible(visible=person == "leo")
    expect(page.locator("#dock-retry")).to_be_visible(visible=person == "mia")
    complaints.clear()
