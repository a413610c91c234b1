"""One call's page: its facts, and its recordings by channel and state."""

import html
import re
from datetime import timedelta

import pytest
from django.utils import timezone

from recordings.models import Recording
from recordings.simulator import make_call, noise
from tests.conftest import CALL
from tests.factories import make_recording, make_session
from tests.pages import elements, rows, text_of

HTMX = {"HX-Request": "true"}
ROOM = f"/sessions/{CALL}/"
TABLE = f"/sessions/{CALL}/recordings"


def tabs(answer):
    """The channel filter as [(words, current)]."""
    found = re.findall(r'<a href="[^"]*/recordings[^"]*"[^>]*hx-get[^>]*>.*?</a>', answer.text)
    return [(text_of(tab), "aria-current" in tab) for tab in found]


def listen_cell(answer):
    return text_of(re.search(r'data-label="Listen"[^>]*>(.*?)</td>', answer.text, re.DOTALL)[1])


# Facts and the channel filter


def test_the_room_shows_facts_and_every_recording(clients, call):
    answer = clients["reviewer"].get(ROOM)

    assert answer.status_code == 200
    assert rows(answer) == ["rec_known_mixed", "rec_known_agent", "rec_known_customer"]
    assert f"<code>{CALL}</code>" in answer.text
    assert 'src="/recordings/rec_known_agent/audio"' in answer.text
    assert tabs(answer) == [
        ("All 3", True),
        ("Mixed 1", False),
        ("Agent 1", False),
        ("Customer 1", False),
    ]


@pytest.mark.parametrize("channel", ["mixed", "agent", "customer"])
def test_a_channel_shows_its_rows_and_marks_its_tab(channel, clients, call):
    answer = clients["reviewer"].get(f"{TABLE}?channel={channel}")

    assert rows(answer) == [f"rec_known_{channel}"]
    assert (f"{channel.capitalize()} 1", True) in tabs(answer)
    assert "<!doctype html>" in answer.text


@pytest.mark.parametrize("channel", ["", "bass", "AGENT", "agent'--", "%00", "x" * 5000, "%ff"])
def test_a_channel_that_is_none_shows_all(channel, clients, call):
    answer = clients["reviewer"].get(f"{TABLE}?channel={channel}")

    assert answer.status_code == 200
    assert len(rows(answer)) == 3
    assert tabs(answer)[0] == ("All 3", True)


def test_a_channel_without_recordings_says_so(clients, db):
    make_recording(make_session(CALL), channel="mixed")

    answer = clients["reviewer"].get(f"{TABLE}?channel=customer")

    assert "This call has no customer recording." in answer.text
    assert ("Customer 0", True) in tabs(answer)


def test_htmx_gets_the_table_alone_and_caches_are_told(clients, call):
    fragment = clients["reviewer"].get(f"{TABLE}?channel=agent", headers=HTMX)
    page = clients["reviewer"].get(f"{TABLE}?channel=agent")

    assert fragment.text.lstrip().startswith("<section")
    assert "<html" not in fragment.text
    assert "HX-Request" in fragment.headers["Vary"]
    assert "HX-Request" in page.headers["Vary"]


def test_going_back_in_the_browser_gets_the_whole_page(clients, call):
    answer = clients["reviewer"].get(TABLE, headers={**HTMX, "HX-History-Restore-Request": "true"})

    assert "<!doctype html>" in answer.text


def test_the_filter_costs_no_vendor_call(clients, call, vendor):
    vendor.requests.clear()

    for channel in ("", "mixed", "agent", "customer"):
        clients["reviewer"].get(f"{TABLE}?channel={channel}", headers=HTMX)

    assert vendor.requests.count() == 0


def test_a_blocked_download_is_visible_with_its_reason(clients, call):
    assert "A lead can download this call for you." in clients["reviewer"].get(ROOM).text
    assert 'href="/recordings/rec_known_mixed/download"' not in clients["reviewer"].get(ROOM).text
    assert 'href="/recordings/rec_known_mixed/download"' in clients["lead"].get(ROOM).text


def test_metadata_of_any_shape_is_shown_as_text(clients, db):
    make_session(
        CALL,
        metadata={
            "items": "a name that templates trip over",
            "ticket_id": "T-4711",
            "nested": {"list": [1, None]},
            "empty": None,
            "": "without a name",
            "number": 7,
        },
    )

    answer = clients["reviewer"].get(ROOM)

    assert answer.status_code == 200
    assert "<dt>Items</dt><dd>a name that templates trip over</dd>" in answer.text
    assert "<dt>Ticket id</dt><dd>T-4711</dd>" in answer.text
    assert "{&quot;list&quot;: [1, null]}" in answer.text
    assert "<dt>Number</dt><dd>7</dd>" in answer.text


HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</title><svg onload=alert(1)>",
    "javascript:alert(1)",
    "{{ settings.SECRET_KEY }}{% debug %}",
    "' onfocus='alert(1)' autofocus='",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_the_vendors_text_is_text_on_every_page(text, clients, vendor):
    session = make_call(
        CALL,
        {"mixed": noise(100)},
        metadata={text: text, "from": text},
        mode=text[:60],
        provider=text[:60],
        phone_number=text[:60],
        end_reason=text[:60],
        source_language=text[:60],
        target_language=text[:60],
    )
    vendor.add_call(session)
    vendor.faults.add("unknown_status", "/recordings", status=text[:60])
    client = clients["lead"]
    client.post("/sessions/open", {"ids": CALL})
    Recording.objects.update(channel=text[:40], format=text[:40])

    pages = [client.get(path).text for path in ("/", ROOM, "/recordings/rec_known_mixed/row")]
    pages.append(client.get(TABLE, headers=HTMX).text)

    for page in pages:
        found = elements(page)
        assert not {"svg", "iframe", "object"} & {name for name, _ in found}
        for name, attributes in found:
            assert not any(attribute.startswith("on") for attribute in attributes)
            assert name != "script" or attributes.get("integrity")
            assert name != "img" or attributes["src"].startswith("/static/")
            for attribute in ("href", "src", "action", "hx-get", "hx-post"):
                assert not (attributes.get(attribute) or "").startswith(("javascript", "data"))
        assert "autofocus" not in {key for _, attributes in found for key in attributes}
    assert html.escape(text[:60]) in pages[1]


# States in words


@pytest.mark.parametrize(
    ("facts", "badge", "sentence"),
    [
        ({"status": "processing"}, "Processing", "Kallglot is still preparing the audio."),
        ({"status": "failed"}, "Failed", "Kallglot could not make this recording;"),
        (
            {"expires_at": "2026-04-26T12:00:00Z"},
            "Expired",
            "Deleted by Kallglot on 26 April 2026.",
        ),
        ({"last_error": "vendor_gone"}, "Expired", "Deleted by Kallglot"),
        ({"gone_since": "2026-04-26T12:00:00Z"}, "Missing at Kallglot", "Kallglot no longer lists"),
    ],
)
def test_a_recording_that_cannot_be_heard_says_why(facts, badge, sentence, clients, db):
    make_recording(make_session(CALL), **facts)

    answer = clients["lead"].get(ROOM)

    assert f">{badge}</span>" in answer.text
    assert listen_cell(answer).startswith(sentence)
    assert '<audio id="audio-' not in answer.text
    assert "/download" not in answer.text


@pytest.mark.parametrize(
    ("facts", "heading", "polls"),
    [
        ({"status": "active", "ended_at": None}, "Still running", True),
        ({"ended_at": timedelta(minutes=-1)}, "Being prepared", True),
        ({"recording_enabled": False}, "Never recorded", False),
        ({"ended_at": timedelta(minutes=-1), "recording_enabled": False}, "Never recorded", False),
        ({}, "No recordings", False),
    ],
)
def test_a_call_without_recordings_says_why(facts, heading, polls, clients, db):
    if facts.get("ended_at"):
        facts = {**facts, "ended_at": timezone.now() + facts["ended_at"]}
    make_session(CALL, **facts)

    answer = clients["reviewer"].get(ROOM)

    assert f"<h3>{heading}</h3>" in answer.text
    assert ('hx-trigger="load delay:5s"' in answer.text) == polls


def test_an_expiry_within_a_week_is_marked_and_in_words(clients, db):
    session = make_session(CALL)
    now = timezone.now()
    make_recording(session, channel="agent", expires_at=now + timedelta(days=3, hours=1))
    make_recording(session, channel="customer", expires_at=now + timedelta(days=20, hours=1))
    make_recording(session, channel="mixed", expires_at=None)

    page = clients["reviewer"].get(ROOM).text

    assert re.search(r'class="soon">in 3 days<', page)
    assert re.search(r'\d">in 20 days<', page)
    assert ">no date<" in page


def test_an_api_that_tells_recordings_only_is_enough(clients, vendor):
    """The list of recordings and the audio are all that the portal cannot do without."""
    vendor.faults.add("status", path="*/sessions/sess_known", status=404)
    vendor.faults.add("status", path="*/transcript", status=404)

    answer = clients["reviewer"].post("/sessions/open", {"ids": CALL})

    assert answer.headers.get("Location") == f"/sessions/{CALL}/"
    page = clients["reviewer"].get(f"/sessions/{CALL}/").text
    assert "rec_known_mixed" in page
    library = clients["reviewer"].get("/").text
    assert "Ready" in library
    played = clients["reviewer"].get("/recordings/rec_known_mixed/audio")
    assert (played.status_code, len(played.getvalue())) == (200, 10_000)
