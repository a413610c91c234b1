"""Keys that come before the sound has told of itself: pressed within one task of the page."""

import pytest
from playwright.sync_api import expect

from .noting import AUDIO, DESK, PARCEL, PAUSED, PLAYS, hear

pytestmark = pytest.mark.browser

CALL = PARCEL.split("/")[2]
PLAY = f"[data-play={CALL}]"
FORM = "#dock-note"
TEXT = "#dock-note textarea"
# As somebody does who is quicker than the events of the element.
PRESS = """
window.press = (...keys) => {
  for (const key of keys) {
    const options = { key, bubbles: true, cancelable: true };
    document.activeElement.dispatchEvent(new KeyboardEvent("keydown", options));
  }
};
"""


@pytest.fixture
def library(open_page):
    page = open_page("rosa", "/", viewport=DESK)
    page.evaluate(PRESS)
    return page


def plays_and_says_so(page):
    """The sound goes on, and every control knows it."""
    hear(page)
    expect(page.locator("#dock [data-do=toggle]")).to_have_attribute("aria-label", "Pause")
    expect(page.locator(PLAY)).to_have_attribute("aria-pressed", "true")


@pytest.mark.parametrize("event", ["play", "loadedmetadata", "canplay", "playing"])
def test_n_while_the_sound_begins_stops_it_and_escape_lets_it_go_on(event, library):
    library.evaluate(
        f"name => {AUDIO}.addEventListener(name, () => press('n'), {{ once: true }})", event
    )
    library.locator(PLAY).click()

    expect(library.locator(TEXT)).to_be_focused()
    library.wait_for_function(PAUSED)
    expect(library.locator("#dock [data-do=toggle]")).to_have_attribute("aria-label", "Play")
    library.keyboard.press("Escape")

    expect(library.locator(FORM)).to_be_hidden()
    plays_and_says_so(library)


def test_n_and_escape_at_once_leave_the_sound_to_the_keys(library):
    library.locator(PLAY).click()
    library.wait_for_function(PLAYS)

    # The element tells of its pause when the sound goes on again already.
    library.evaluate(
        f"""() => new Promise((told) => {{
            {AUDIO}.addEventListener("pause", () => setTimeout(told), {{ once: true }});
            press("n", "Escape");
        }})"""
    )

    plays_and_says_so(library)
    library.keyboard.press("n")
    library.wait_for_function(PAUSED)
    expect(library.locator(TEXT)).to_be_focused()


def test_what_else_pauses_the_sound_is_still_heard(library):
    library.locator(PLAY).click()
    hear(library)

    library.evaluate(f"{AUDIO}.pause()")

    expect(library.locator("#dock [data-do=toggle]")).to_have_attribute("aria-label", "Play")
    expect(library.locator(PLAY)).to_have_attribute("aria-pressed", "false")
