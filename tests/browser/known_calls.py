"""Calls that a test makes up, brought into the served portal."""

from playwright.sync_api import expect

from recordings.simulator import make_call
from recordings.simulator.sources import wav_header

LONG_S = 1200


def add_long_call(portal):
    """A call of twenty minutes without a word: its page is light, and it does not end on the way.

    Returns its id.
    """
    sound = bytes([0xFF]) * (8000 * LONG_S)
    wav = wav_header(len(sound), mulaw=True) + sound
    voices = ("mixed", "agent", "customer")
    formats = dict.fromkeys(voices, "wav")
    call = make_call("sess_long", dict.fromkeys(voices, wav), duration=LONG_S, formats=formats)
    portal.vendor.add_call(call)
    portal.refresh(call.id)
    return call.id


def bring_in(portal, browser, state, session_id, audio, **details):
    """Let the vendor have the call, open it once by its id, and look through its sound.

    browser: Chromium. state: the cookies of somebody who may listen. The rest: see `make_call`.
    Returns the path of the call's room.
    """
    ticket = session_id.removeprefix("sess_")
    call = make_call(session_id, audio, metadata={"ticket_id": ticket}, **details)
    portal.vendor.add_call(call)
    context = browser.new_context(base_url=portal.url, storage_state=state)
    page = context.new_page()
    page.goto("/")
    page.get_by_label("Open calls").fill(session_id)
    page.keyboard.press("Enter")
    path = f"/sessions/{session_id}/"
    page.wait_for_url(f"**{path}*")
    expect(page.locator(".turn").first).to_be_visible()
    context.close()
    portal.look_through(ticket)
    return path
