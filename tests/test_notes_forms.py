"""What people send of notes: words, markup, nonsense, the same twice, and what comes too late."""

import html
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
from django.db import connections
from django.test import Client

from recordings.models import AuditEvent, Note
from tests.conftest import CALL
from tests.factories import make_recording, make_session
from tests.noting import HTMX, NOTES, ROOM, change, errors, field, leave, left, told, words
from tests.pages import elements


@pytest.fixture
def known(db):
    """A call of a minute and a bit."""
    session = make_session(CALL, duration=61)
    make_recording(session, "rec_mixed", duration=60.4)
    return session


# Words


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "Write a word or two first."),
        (" \r\n\t ", "Write a word or two first."),
        ("x" * 4001, "A note has at most 4000 characters, this one has 4001."),
        ("a\x00b", "Null characters are not allowed."),
    ],
)
def test_words_that_do_not_go_are_422_and_stay(text, sentence, clients, known):
    answer = leave(clients["reviewer"], HTMX, text=text, start="3", end="4", private="on")

    assert answer.status_code == 422
    assert errors(answer) == {"note-text": sentence}
    assert field(answer, "note-text") == text
    assert (field(answer, "note-start"), field(answer, "note-end")) == ("3", "4")
    assert 'id="note-private" name="private" checked' in answer.text


def test_without_scripts_a_mistake_brings_the_room_with_what_was_typed(clients, known):
    answer = leave(clients["reviewer"], start="x", text="kept")

    assert answer.status_code == 422
    assert "<!doctype html>" in answer.text
    assert 'id="recordings"' in answer.text
    assert field(answer, "note-text") == "kept"
    assert "note-start" in errors(answer)


def test_a_line_break_is_one_character(clients, known):
    assert len(left(clients["reviewer"], text="x\r\n" * 1998 + "last").text) == 4000


HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</textarea><svg onload=alert(1)>",
    '</script><script>alert(1)</script>"}]',
    "' onfocus='alert(1)' autofocus='",
    "{{ settings.SECRET_KEY }}{% debug %}",
    "\u202eright to left\u202c \u2028 \u0645\u0644\u0627\u062d\u0638\u0629",
    "&lt;b&gt; &amp;quot;",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_note_is_text_everywhere(text, clients, known, person):
    note = left(clients["reviewer"], text=text)
    pages = [
        clients["reviewer"].get(ROOM),
        clients["lead"].get(NOTES, headers=HTMX),
        change(clients["reviewer"], note, HTMX, start=text[:19]),
        leave(clients["reviewer"], HTMX, text=text, start=text[:19]),
    ]

    for page in pages:
        assert words(page) == [text]
        assert told(page)[0]["text"] == text
        for name, attributes in elements(page.text):
            assert name != "svg"
            assert not any(key.startswith("on") for key in attributes)
            assert name != "script" or attributes.get("integrity")
            assert name != "img" or attributes["src"].startswith("/static/")
            assert "autofocus" not in attributes
    assert field(pages[3], "note-text") == text
    assert html.escape(text[:19]) in pages[3].text


def test_a_name_is_text_as_well(clients, known, person):
    user = person('<b>"x', "Reviewer")
    client = Client()
    client.force_login(user)
    note = left(client)
    client.post(f"/notes/{note.pk}/resolve", {"resolved": "1"})

    page = clients["lead"].get(ROOM)

    assert "<b>&quot;x" not in page.text
    assert "&lt;b&gt;&quot;x" in page.text
    assert told(page)[0]["author"] == '<b>"x'


# Twice


def test_a_form_sent_twice_is_one_note(clients, known):
    key = str(uuid4())

    first, again = (leave(clients["reviewer"], key=key) for _ in range(2))

    assert first.headers["Location"] == again.headers["Location"]
    assert (Note.objects.count(), AuditEvent.objects.count()) == (1, 1)
    leave(clients["lead"], key=key)
    assert Note.objects.count() == 2


def test_an_old_form_with_other_words_is_another_note(clients, known):
    key = str(uuid4())

    for _ in range(2):
        leave(clients["reviewer"], key=key)
        leave(clients["reviewer"], key=key, text="After Back in the browser.")

    assert [note.text for note in Note.objects.order_by("pk")] == [
        "Listen here.",
        "After Back in the browser.",
    ]


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_a_double_click_is_one_note(people, known):
    key = str(uuid4())

    def click(_):
        client = Client()
        client.force_login(people["reviewer"])
        try:
            return leave(client, HTMX, key=key).status_code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(click, range(8)))

    assert answers == [200] * 8
    assert (Note.objects.count(), AuditEvent.objects.count()) == (1, 1)


@pytest.mark.parametrize("key", ["x", "1" * 5000, "\x00", "<b>"])
def test_a_key_that_is_none_is_422_with_a_new_one(key, clients, known):
    answer = leave(clients["reviewer"], HTMX, key=key, text="kept")

    assert answer.status_code == 422
    assert "This form is out of order." in answer.text
    assert field(answer, "note-text") == "kept"
    assert not Note.objects.exists()


def test_a_form_without_a_key_goes(clients, known):
    for _ in range(2):
        assert leave(clients["reviewer"], key="").status_code == 302

    assert Note.objects.count() == 2


# Too late


def test_a_stale_edit_is_409_with_both_texts(clients, known):
    note = left(clients["reviewer"])
    change(clients["reviewer"], note, text="from another tab")

    answer = change(clients["reviewer"], note, HTMX, text="typed here", start="7")

    assert answer.status_code == 409
    assert words(answer) == ["from another tab"]
    assert field(answer, f"note-{note.pk}-text") == "typed here"
    assert field(answer, f"note-{note.pk}-start") == "7"
    assert "This note was changed meanwhile" in answer.text
    assert '<details class="note-edit" open>' in answer.text
    assert 'name="version" value="2"' in answer.text
    plain = change(clients["reviewer"], note, text="typed here")
    assert plain.status_code == 409
    assert "<!doctype html>" in plain.text
    note.refresh_from_db()
    assert change(clients["reviewer"], note, text="typed here").status_code == 302


def test_a_mistake_in_an_edit_is_422_in_its_own_form_and_keeps_its_version(clients, known):
    note = left(clients["reviewer"])
    change(clients["reviewer"], note, text="from another tab")

    answer = change(clients["reviewer"], note, HTMX, text="typed here", start="x")

    assert answer.status_code == 422
    assert list(errors(answer)) == [f"note-{note.pk}-start"]
    assert field(answer, f"note-{note.pk}-text") == "typed here"
    assert field(answer, "note-text") == ""
    assert 'name="version" value="1"' in answer.text


@pytest.mark.parametrize("version", ["", "0", "-1", "x", "1.5", "9" * 30, "9" * 5000, "\x00"])
def test_a_version_that_is_none_is_422(version, clients, known):
    note = left(clients["reviewer"])

    answer = change(clients["reviewer"], note, HTMX, version=version, text="typed here")

    assert answer.status_code == 422
    assert "This form is out of order." in answer.text
    assert field(answer, f"note-{note.pk}-text") == "typed here"
    assert 'name="version" value="1"' in answer.text


def test_an_edit_of_what_was_deleted_meanwhile_is_404(clients, known):
    note = left(clients["reviewer"])
    clients["lead"].post(f"/notes/{note.pk}/delete")

    assert change(clients["reviewer"], note, HTMX).status_code == 404


# Nonsense


def test_eleven_hundred_fields_are_400(clients, known):
    note = left(clients["reviewer"])
    many = {f"p{n}": "1" for n in range(1100)}

    for address in (NOTES, f"/notes/{note.pk}", f"/notes/{note.pk}/resolve"):
        assert clients["reviewer"].post(address, many).status_code == 400
    assert clients["reviewer"].get(NOTES, many).status_code == 400


def test_fields_that_are_nobodys_business_are_ignored(clients, people, known):
    note = left(
        clients["reviewer"],
        author=people["lead"].pk,
        author_name="lead",
        session="5",
        version="9",
        resolved_at="2026-01-01",
        id="1000",
    )

    assert (note.author, note.version, note.resolved_at) == (people["reviewer"], 1, None)
    assert (note.author_name, note.session, note.pk == 1000) == ("reviewer", known, False)


def test_every_change_needs_the_token(clients, people, known):
    note = left(clients["reviewer"])
    client = Client(enforce_csrf_checks=True)
    client.force_login(people["reviewer"])

    assert leave(client, HTMX).status_code == 403
    for path in ("", "/delete", "/resolve"):
        assert client.post(f"/notes/{note.pk}{path}", headers=HTMX).status_code == 403
    assert Note.objects.filter(resolved_at=None, version=1).count() == 1


@pytest.mark.parametrize("name", ["sess_KNOWN", "sess_Known"])
def test_a_call_id_in_other_letters_is_another_call(name, clients, known):
    assert leave(clients["reviewer"], address=f"/sessions/{name}/notes").status_code == 404
    assert clients["reviewer"].get(f"/sessions/{name}/notes").status_code == 404
