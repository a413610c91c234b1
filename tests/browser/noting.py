"""Notes as tests need them: left by the pages themselves, or many at once."""

import json

from playwright.sync_api import expect

PARCEL = "/sessions/sess_01HXYZ123456789/"
AT_ZERO = f"{PARCEL}?t=0&channel=mixed"
DESK = {"width": 1440, "height": 900}
AUDIO = "document.getElementById('dock-audio')"
PAUSED = f"() => {AUDIO}.paused"
PLAYS = f"() => !{AUDIO}.paused && {AUDIO}.currentTime > 0 && {AUDIO}.readyState > 2"

_LEAVE = """
async (fields) => {
  const token = JSON.parse(document.body.getAttribute("hx-headers"))["X-CSRFToken"];
  const answer = await fetch(fields.address, {
    method: "POST",
    headers: { "X-CSRFToken": token, "HX-Request": "true" },
    body: new URLSearchParams(fields),
  });
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const ids = [...page.querySelectorAll("[data-note]")].map((note) => Number(note.dataset.note));
  return [answer.status, Math.max(...ids)];
}
"""
_MANY = """
import json, uuid
from django.contrib.auth.models import User
from recordings.models import Note, Session
call = Session.objects.get(kallglot_id="{call}")
rosa = User.objects.get(username="rosa")
Note.objects.bulk_create(
    Note(session=call, author=rosa, author_name="rosa", key=uuid.uuid4(), **facts)
    for facts in json.loads('''{notes}''')
)
"""


def leave_note(page, start, text, end="", *, private=False, resolved=False, room=PARCEL):
    """Leave a note by the page's own address, as its person; returns its number."""
    fields = {"address": f"{room}notes", "start": str(start), "end": str(end), "text": text}
    if private:
        fields["private"] = "on"
    status, number = page.evaluate(_LEAVE, fields)
    assert status == 200
    if resolved:
        page.evaluate(_LEAVE, {"address": f"/notes/{number}/resolve", "resolved": "1"})
    return number


def leave_many(portal, notes, room=PARCEL):
    """rosa's notes, each a dict of `start`, `text` and so on, straight into the database."""
    call = room.split("/")[2]
    portal.run(_MANY.format(call=call, notes=json.dumps(notes)))


def room_with_notes(open_page, notes, person="rosa", path=AT_ZERO, **options):
    """A page in the room of the call that has these notes: arguments of `leave_note` each."""
    page = open_page(person, "/", **{"viewport": DESK, **options})
    for note in notes:
        leave_note(page, **note)
    page.goto(path)
    expect(page.locator("call-room .lanes-strip.has-lanes")).to_be_visible()
    return page


def hear(page):
    """Wait until the sound has gone on for a moment: it plays, and not only begins to."""
    page.wait_for_function(PLAYS)
    at = page.evaluate(f"{AUDIO}.currentTime")
    page.wait_for_function(f"at => {AUDIO}.currentTime > at + 0.2", arg=at)


def second(page):
    return page.evaluate("document.querySelector('call-room').second")


def line(page, words):
    """The panel's note with these words."""
    return page.locator("[data-note]").filter(has_text=words)
