"""What tests about notes share: sending the forms, and reading the panel that comes back."""

import html
import json
import re
from uuid import uuid4

from recordings.models import Note
from tests.conftest import CALL

HTMX = {"HX-Request": "true"}
ROOM = f"/sessions/{CALL}/"
NOTES = f"/sessions/{CALL}/notes"


def leave(client, headers=None, address=NOTES, **fields):
    """Send the form of a new note."""
    sent = {"start": "12.3", "text": "Listen here.", "key": str(uuid4()), **fields}
    return client.post(address, sent, headers=headers)


def left(client, **fields) -> Note:
    """The note that the form made."""
    assert leave(client, **fields).status_code == 302
    return Note.objects.latest("pk")


def change(client, note, headers=None, **fields):
    """Send the form that edits `note`, filled in as the panel has it but for `fields`."""
    sent = {"start": note.start, "text": note.text, "version": note.version, **fields}
    return client.post(f"/notes/{note.pk}", sent, headers=headers)


def told(answer) -> list[dict]:
    """What the panel of a page tells the player."""
    found = re.search(r'data-notes="([^"]*)"', answer.text)
    return json.loads(html.unescape(found[1]))


def words(answer) -> list[str]:
    """The notes' texts as the panel shows them."""
    found = re.findall(r'<p class="note-text" dir="auto">(.*?)</p>', answer.text, re.DOTALL)
    return [html.unescape(text) for text in found]


def field(answer, name) -> str:
    """What stands in the field with this id."""
    area = re.search(rf'<textarea id="{name}"[^>]*>\n(.*?)</textarea>', answer.text, re.DOTALL)
    one = re.search(rf'<input[^>]*id="{name}"[^>]*value="([^"]*)"', answer.text)
    return html.unescape((area or one)[1])


def errors(answer) -> dict[str, str]:
    """The sentences beside the fields, by the field's id."""
    found = re.findall(r'role="alert" id="([\w-]+)-error">(.*?)</p>', answer.text, re.DOTALL)
    return {name: html.unescape(sentence) for name, sentence in found}
