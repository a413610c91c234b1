"""What a library address shows, what it becomes, and what a row in the making answers."""

import csv
import io
import re
from datetime import timedelta

import pytest
from django.utils import timezone

from recordings.models import Session
from recordings.services import pruning
from tests.factories import make_recording, make_session, outdate
from tests.pages import text_of
from tests.test_library import cell, listed

HTMX = {"HX-Request": "true", "HX-Target": "calls", "HX-Current-URL": "http://testserver/?q=a"}


def test_the_first_recording_to_expire_is_what_the_library_tells_of(clients, db):
    now = timezone.now()
    session = make_session("sess_paused")
    for days in (-1, 3, 30):
        make_recording(session, expires_at=now + timedelta(days=days, hours=1))
    make_recording(make_session("sess_long"), expires_at=now + timedelta(days=29))
    client = clients["reviewer"]

    for query in ("view=expiring", "expires=7"):
        assert listed(client.get(f"/?{query}")) == ["sess_paused"]
    assert cell(client.get("/?view=expiring"), "Expires") == "in 3 days"
    assert listed(client.get("/?sort=expires")) == ["sess_paused", "sess_long"]
    assert listed(client.get("/?status=ready")) == ["sess_long"]


def test_after_the_first_has_expired_the_next_one_counts(clients, db):
    now = timezone.now()
    session = make_session("sess_paused")
    first = make_recording(session, expires_at=now + timedelta(days=2))
    make_recording(session, expires_at=now + timedelta(days=6))
    first.expires_at = now - timedelta(minutes=1)
    first.save()
    Session.objects.update(expires_first=first.expires_at)

    pruning.prune()

    assert listed(clients["reviewer"].get("/?view=expiring")) == ["sess_paused"]


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("length", ["sess_short", "sess_long", "sess_blank"]),
        ("-length", ["sess_long", "sess_short", "sess_blank"]),
        ("expires", ["sess_short", "sess_long", "sess_blank"]),
        ("-expires", ["sess_long", "sess_short", "sess_blank"]),
    ],
)
def test_blanks_are_sorted_last_in_both_directions(sort, order, clients, db):
    now = timezone.now()
    make_session("sess_blank", started_at=None)
    for name, size in (("sess_short", 5), ("sess_long", 50)):
        session = make_session(name, duration=size)
        make_recording(session, expires_at=now + timedelta(days=size))

    assert listed(clients["reviewer"].get(f"/?sort={sort}")) == order


def ask(client, address, **headers):
    return client.get(address, headers=HTMX | headers)


def test_calls_are_found_by_the_format_of_any_of_their_recordings(clients, db):
    for name, formats in (("sess_wav", ["wav"]), ("sess_both", ["mp3", "wav"]), ("sess_none", [])):
        session = make_session(name)
        for word in formats:
            make_recording(session, format=word)

    def found(word):
        return set(listed(clients["reviewer"].get(f"/?format={word}")))

    assert (found("wav"), found("mp3")) == ({"sess_wav", "sess_both"}, {"sess_both"})

    # While it is processed, Kallglot may not know the format yet.
    make_recording(Session.objects.get(kallglot_id="sess_none"), status="processing", format="")
    assert found("wav") == {"sess_wav", "sess_both"}


def test_words_of_the_vendor_without_end_do_no_harm(clients, db):
    session = make_session("sess_a", started_at=timezone.now())
    for number in range(6):
        make_recording(session, channel=f"{number:>040}", format=f"x{number:>039}")

    assert listed(clients["reviewer"].get("/")) == ["sess_a"]


def test_the_address_pushed_has_no_empty_parameters(clients, db):
    client = clients["reviewer"]

    answer = ask(client, "/?q=&channel=&status=ready&from=&to=&min=&view=&nonsense=1")

    assert answer.headers["HX-Push-Url"] == "/?status=ready"
    assert ask(client, "/?q=").headers["HX-Push-Url"] == "/"
    assert ask(client, "/?q=a&lang=").headers["HX-Push-Url"] == "false"


def test_the_views_follow_the_filters_and_the_form_keeps_view_and_order(clients, db):
    answer = ask(clients["reviewer"], "/?status=ready&view=expiring&sort=length")

    assert 'id="ways" hx-swap-oob="true"' in answer.text
    assert 'hx-get="/?status=ready&amp;sort=length&amp;view=incomplete"' in answer.text
    page = clients["reviewer"].get("/?view=expiring&sort=length").text
    assert '<input type="hidden" name="view" value="expiring">' in page
    assert '<input type="hidden" name="sort" value="length">' in page
    assert "hx-swap-oob" not in page


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("min=-5", "“-5” is ignored. Ensure this value is greater than or equal to 0."),
        ("from=2026-13-01", "“2026-13-01” is ignored. Enter a valid date."),
        ("status=xx", "“xx” is ignored. Select a valid choice."),
        ("lang=%3Cb%3E", "“<b>” is ignored. Select a valid choice."),
        ("to=9999-12-31", "“9999-12-31” is ignored. Ensure this value is less than or equal to"),
        ("from=0001-01-01", "“0001-01-01” is ignored. Ensure this value is greater than or equal"),
    ],
)
def test_a_value_that_is_none_stays_and_is_said_to_be_ignored(query, sentence, clients, db):
    make_session("sess_a")
    name, value = query.split("=")

    page = clients["reviewer"].get(f"/?{query}")
    part = ask(clients["reviewer"], f"/?{query}")

    assert listed(page) == listed(part) == ["sess_a"]
    for answer in (page, part):
        found = re.search(rf'id="id_{name}_error"[^>]*>(.*?)</span>', answer.text)
        assert text_of(found[1]).startswith(sentence)
    assert part.headers["HX-Push-Url"] == f"/?{query}"
    assert page.text.count(f'aria-describedby="id_{name}_error"') == 1
    if name not in ("lang", "status"):
        assert f'value="{value}"' in page.text


def test_a_word_that_no_call_has_finds_none_and_one_that_has_just_come_is_found(clients, db):
    make_session("sess_a", source_language="de", target_language="en")
    client = clients["reviewer"]
    assert listed(client.get("/")) == ["sess_a"]

    page = client.get("/?lang=pl")
    assert listed(page) == []
    assert '<option value="pl" selected>pl</option>' in page.text

    make_session("sess_b", source_language="pl", target_language="en", mode="broadcast")
    assert listed(client.get("/?lang=pl")) == ["sess_b"]
    assert listed(client.get("/?mode=broadcast")) == ["sess_b"]


def test_dates_are_chosen_quickly_in_the_viewers_zone(clients, db):
    client = clients["reviewer"]
    client.cookies["tz"] = "Pacific/Kiritimati"
    page = client.get("/").text
    first = [re.search(rf'id="lately-{n}"\s+href="/\?from=([^"]+)"', page)[1] for n in (1, 2, 3)]

    today = (timezone.now() + timedelta(hours=14)).date()
    assert first == [str(today - timedelta(days=days)) for days in (0, 6, 29)]
    assert re.search(
        r'id="lately-2"[^>]* aria-current="true"', client.get(f"/?from={first[1]}").text
    )


def poll_of(answer):
    return re.search(r'<span id="poll-[^>]* hx-get="([^"]+)"', answer.text)[1].replace("&amp;", "&")


def test_a_row_that_did_not_change_is_left_alone_and_asks_on(clients, db):
    make_recording(make_session("sess_soon"), status="processing")
    client = clients["lead"]
    first = poll_of(client.get("/"))

    answer = ask(client, first)

    assert "<tr" not in answer.text
    assert "HX-Retarget" not in answer.headers
    assert poll_of(answer) == first.replace("look=1", "look=2")


def test_a_row_that_changed_comes_anew_with_its_tick(clients, db):
    recording = make_recording(make_session("sess_soon"), status="processing")
    first = poll_of(clients["lead"].get("/"))
    recording.status = "ready"
    recording.save()
    recording.session.summarise()

    answer = ask(clients["lead"], first)

    assert answer.headers["HX-Retarget"] == "closest tr"
    assert re.search(r'id="choose-sess_soon" hx-preserve', answer.text)
    assert cell(answer, "State") == "Ready"
    assert "poll-" not in answer.text


@pytest.mark.parametrize(("ended", "hurries"), [(True, True), (False, False)])
def test_the_worker_hurries_for_a_row_of_a_call_that_has_ended(ended, hurries, clients, db):
    """The end of a call comes by a webhook, and a page may have fifty calls in progress."""
    facts = {} if ended else {"status": "active", "ended_at": None}
    session = make_session("sess_soon", **facts)
    make_recording(session, status="processing")
    outdate(session, seconds=6)
    Session.objects.update(next_refresh_at=timezone.now() + timedelta(minutes=10))
    first = poll_of(clients["lead"].get("/"))

    answer = ask(clients["lead"], first)

    assert (Session.objects.get().next_refresh_at <= timezone.now()) is hurries
    assert ("look=1&" in poll_of(answer), "load delay:3s" in answer.text) == (hurries, hurries)


def test_the_row_of_a_call_that_is_gone_goes_too(clients, db):
    make_session("sess_stub", status="", refreshed_at=None, started_at=None, ended_at=None)
    first = poll_of(clients["lead"].get("/"))
    Session.objects.all().delete()

    answer = ask(clients["lead"], first)

    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["HX-Retarget"] == "closest tr"


@pytest.mark.parametrize(("minutes", "asks"), [(1, True), (30, False)])
def test_a_call_that_just_ended_without_recordings_is_looked_at(minutes, asks, clients, db):
    make_session("sess_a", ended_at=timezone.now() - timedelta(minutes=minutes))

    assert ("poll-sess_a" in clients["lead"].get("/").text) is asks


def test_the_table_for_download_says_what_the_library_says(clients, db):
    session = make_session("sess_a")
    make_recording(session, expires_at=timezone.now() + timedelta(days=3, hours=1))
    make_recording(session, status="failed", expires_at=timezone.now() + timedelta(days=40))
    client = clients["lead"]

    answer = client.post("/exports/", {"kind": "csv", "query": ""})

    head, row = csv.reader(io.StringIO(answer.getvalue().decode("utf-8-sig")))
    facts = dict(zip(head, row, strict=True))
    assert facts["state"] == cell(client.get("/"), "State") == "Partly ready"
    assert facts["expires_utc"] == f"{Session.objects.get().expires_first:%Y-%m-%dT%H:%M:%SZ}"
