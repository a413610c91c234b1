"""The keys of the room: held ones, and those that are pressed where one types."""

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

PARCEL = "/sessions/sess_01HXYZ123456789/?t=0&channel=mixed"
AUDIO = "document.getElementById('dock-audio')"


@pytest.fixture
def room(open_page):
    page = open_page("rosa", PARCEL, viewport={"width": 1440, "height": 900})
    expect(page.locator("call-room .lanes-strip.has-lanes")).to_be_visible()
    return page


def hold(page, key, times=5):
    """As a keyboard does it: down, down again and again, and up."""
    for _ in range(times):
        page.keyboard.down(key)
    page.keyboard.up(key)


def test_a_held_key_that_chooses_acts_once(room):
    asked = []
    room.on("request", lambda request: asked.append(request.url) if "/audio" in request.url else 0)
    room.evaluate(
        """() => {
            window.pressed = [];
            document.addEventListener("keydown", (event) =>
              pressed.push([event.repeat, event.defaultPrevented]));
        }"""
    )

    hold(room, "Space", times=4)
    room.wait_for_function(f"() => !{AUDIO}.paused && {AUDIO}.currentTime > 0")
    # The page must not scroll by the held key either.
    assert room.evaluate("pressed") == [[n > 0, True] for n in range(4)]
    hold(room, "v")

    expect(room.locator("[data-voice=agent]")).to_have_attribute("aria-pressed", "true")
    hold(room, "m", times=4)
    assert room.evaluate(f"{AUDIO}.muted")
    assert not any("customer" in url for url in asked)


def test_a_held_key_that_steps_goes_on(room):
    hold(room, "ArrowRight", times=3)
    assert room.evaluate("document.querySelector('call-room').second") == 15
    hold(room, ",", times=4)
    assert room.evaluate("document.querySelector('call-room').second") == 14
    hold(room, ">", times=3)
    expect(room.locator("#dock-rate")).to_have_text("1.3×")


FIELDS = (
    "<input>",
    "<input type=search>",
    "<input type=number>",
    "<textarea></textarea>",
    "<select><option>one<option>two</select>",
    "<div contenteditable><p>Words</p></div>",
    "<div contenteditable=plaintext-only>Words</div>",
)


def test_keys_do_nothing_where_one_types(room):
    room.evaluate(
        """() => {
            window.taken = [];
            document.addEventListener("keydown", (event) => {
              if (event.defaultPrevented) taken.push(event.key);
            });
        }"""
    )
    keys = "jlkvsm50?/.,<>=[]\\rywcxpn "
    for field in FIELDS:
        room.evaluate(
            """(field) => {
                const main = document.getElementById("main");
                main.insertAdjacentHTML("afterbegin", field);
                main.firstElementChild.focus();
            }""",
            field,
        )
        for key in (*keys, "Shift+N", "Shift+ArrowUp", "Alt+ArrowDown", "ArrowRight"):
            room.keyboard.press(key)

        assert room.evaluate("taken") == [], field
        second, marked = room.evaluate(
            "(({ second, range }) => [second, range])(document.querySelector('call-room'))"
        )
        assert (second, marked) == (0, None), field
        assert room.evaluate(f"{AUDIO}.paused && !{AUDIO}.muted && {AUDIO}.volume === 1"), field
        expect(room.locator("#keys")).to_be_hidden()


def test_caps_lock_turns_no_key_into_another(room):
    # With Caps Lock on, and no Shift, a letter comes as a capital.
    room.keyboard.press("S")
    room.keyboard.press("V")
    expect(room.locator("[data-voice=agent]")).to_have_attribute("aria-pressed", "true")
    expect(room.locator("#dock-skip")).to_have_attribute("aria-pressed", "true")
    room.keyboard.press("W")
    expect(room.get_by_role("button", name="Follow")).to_have_attribute("aria-pressed", "false")

    room.keyboard.press("N")
    expect(room.locator("#notes textarea").first).to_be_focused()
    assert "sess_01HXYZ123456789" in room.url
