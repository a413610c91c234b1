"""Calls that a test makes up, brought into the served portal."""

from playwright.sync_api import expect

from recordings.simulator import make_call


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
