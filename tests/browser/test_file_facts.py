"""What the room says of a file that is not what Kallglot says of it."""

import pytest
from playwright.sync_api import expect

from recordings.simulator import make_call
from tests.audio.files import data, wav
from tests.audio.odd import odd

pytestmark = pytest.mark.browser


@pytest.fixture
def room(open_page, portal):
    """Opens the room of a call with this one file: `room("told", content, "wav")`."""

    def opening(name, content, format, person="leo"):
        call = make_call(
            f"sess_{name}", {"mixed": content}, duration=300, formats={"mixed": format}
        )
        portal.vendor.add_call(call)
        page = open_page(person)
        page.get_by_label("Open calls").fill(call.id)
        page.keyboard.press("Enter")
        expect(page.locator("call-room")).to_be_visible()
        return page

    return opening


def gets(portal, name):
    return portal.vendor.requests.count(f"/recordings/rec_{name}_mixed/audio")


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("gsm", odd("gsm610.wav"), "a WAV file with GSM 6.10 sound, which browsers cannot play."),
        (
            "amr",
            odd("narrowband.amr"),
            "is an AMR file, which browsers cannot play.",
        ),
        ("empty", wav(b""), "This recording is empty: its file holds no sound."),
    ],
)
def test_it_is_said_at_once_why_a_file_does_not_play(
    room, portal, complaints, name, content, sentence
):
    page = room(name, content, "wav")
    toggle = page.locator("[data-room=toggle]")
    toggle.click()
    message = page.locator("#dock-message")
    expect(message).to_contain_text(f"{sentence} Download it to listen.")
    expect(page.locator("#dock-download")).to_be_visible()
    expect(page.locator("#dock-retry")).to_be_hidden()
    assert gets(portal, name) == 1

    page.reload()
    expect(page.locator("[data-room-note]")).to_contain_text(sentence)
    toggle.click()
    expect(message).to_contain_text(sentence)
    assert gets(portal, name) == 1
    complaints.clear()


def test_the_length_is_the_files_once_it_has_ended(room, portal):
    page = room("shorter", data("cbr-8k-mono.mp3"), "wav")
    length = page.locator("[data-room-length]")
    expect(length).to_have_text("5:00")
    page.locator("[data-room=toggle]").click()
    page.wait_for_function("() => document.getElementById('dock-audio').currentTime > 0.2")
    page.evaluate("document.getElementById('dock-audio').currentTime = 19.9")
    expect(length).to_have_text("0:20")
    page.reload()
    expect(page.locator("[data-room-note]")).to_contain_text(
        "Mixed: Kallglot said 5:00, the file holds 0:20."
    )
    expect(length).to_have_text("0:20")


def test_the_length_is_corrected_on_the_first_visit_when_the_file_was_analysed(room, portal):
    page = room("analysed", data("cbr-8k-mono.mp3"), "mp3")
    expect(page.locator("[data-room-length]")).to_have_text("5:00")
    portal.analyse("sess_analysed")
    expect(page.locator("[data-room-length]")).to_have_text("0:20")
    expect(page.locator("[data-room-note]")).to_contain_text("the file holds 0:20")


def test_webm_plays(room, portal):
    page = room("webm", odd("opus.webm"), "mp3")
    page.locator("[data-room=toggle]").click()
    page.wait_for_function("() => document.getElementById('dock-audio').currentTime > 0.3")
    expect(page.locator("#dock-message")).to_be_hidden()
    assert gets(portal, "webm") == 1
