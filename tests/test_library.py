"""The library: the table of known calls, its pages, and what stands above it."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone
from django.utils.dateformat import format as date_format
from hypothesis import given
from hypothesis.strategies import datetimes, just, sampled_from

from recordings.models import Session, VendorState
from recordings.templatetags.recordings import in_zones
from tests.conftest import CALL
from tests.factories import make_recording, make_session
from tests.pages import text_of

SUMMER = datetime(2026, 7, 1, 12, 30, tzinfo=UTC)


def listed(answer):
    """The session ids in the table, from top to bottom."""
    return re.findall(r'class="row-link" href="/sessions/([^/]+)/', answer.text)


def cell(answer, label):
    found = re.search(rf'<td data-label="{label}"[^>]*>(.*?)</td>', answer.text, re.DOTALL)
    return text_of(found[1])


def standing(answer):
    found = re.search(r'<p class="notice [^"]* standing"[^>]*>(.*?)</p>', answer.text, re.DOTALL)
    return text_of(found[1]) if found else ""


def test_calls_are_listed_newest_first(clients, db):
    now = timezone.now()
    make_session("sess_old", started_at=now - timedelta(days=9))
    make_session("sess_new", started_at=now - timedelta(minutes=5))
    make_session("sess_unknown_start", started_at=None, first_seen=now - timedelta(days=3))

    answer = clients["reviewer"].get("/")

    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert listed(answer) == ["sess_new", "sess_unknown_start", "sess_old"]
    assert ">3 calls</p>" in answer.text


def test_only_calls_of_ones_own_teams_are_listed_and_counted(clients, people, other_team):
    make_session("sess_everybodys")
    make_session("sess_theirs", team=other_team)

    answer = clients["reviewer"].get("/")

    assert listed(answer) == ["sess_everybodys"]
    assert ">1 call</p>" in answer.text


def test_a_row_tells_length_languages_caller_and_the_state_of_every_channel(clients, db):
    session = make_session(
        "sess_row",
        duration=3725.4,
        source_language="es",
        target_language="en",
        metadata={"direction": "outbound", "from": "+4930", "to": "+34612345678"},
    )
    make_recording(session, channel="mixed")
    make_recording(session, channel="agent", status="failed")
    make_recording(session, channel="customer", status="processing")

    answer = clients["reviewer"].get("/")

    assert cell(answer, "Length") == "1:02:05"
    assert cell(answer, "Languages") == "es ⇄ to en"
    assert cell(answer, "Customer") == "+34612345678"
    assert cell(answer, "Recordings") == ("mixed: Ready M agent: Failed A customer: Processing C")
    assert cell(answer, "State") == "Partly ready"


def test_what_the_vendor_did_not_tell_is_a_dash(clients, db):
    make_session("sess_bare", started_at=None, ended_at=None)

    answer = clients["reviewer"].get("/")

    assert cell(answer, "Started") == "Not known"
    assert [cell(answer, name) for name in ("Length", "Languages", "Customer")] == ["–", "–", "–"]
    assert cell(answer, "Recordings") == "none"


def test_without_calls_it_says_how_to_open_one(clients, vendor):
    answer = clients["reviewer"].get("/")

    assert "No calls yet" in answer.text
    assert '<table class="calls' not in answer.text


@pytest.fixture
def many_calls(db):
    now = timezone.now()
    Session.objects.bulk_create(
        Session(kallglot_id=f"sess_{n:03}", sort_at=now - timedelta(minutes=n)) for n in range(120)
    )


def test_pages_hold_fifty_calls_and_lead_to_each_other(clients, many_calls):
    first = clients["reviewer"].get("/")
    last = clients["reviewer"].get("/?page=3")

    assert listed(first) == [f"sess_{n:03}" for n in range(50)]
    assert listed(last) == [f"sess_{n:03}" for n in range(100, 120)]
    assert re.search(r'rel="next" href="/\?page=2"', first.text)
    assert 'rel="prev"' not in first.text
    assert re.search(r'rel="prev" href="/\?page=2"', last.text)
    assert "Page 3 of 3" in last.text


@pytest.mark.parametrize(
    ("page", "first"),
    [
        ("abc", "sess_000"),
        ("0", "sess_100"),
        ("-1", "sess_100"),
        ("1e9", "sess_000"),
        ("2.5", "sess_000"),
        ("999999999999999999999", "sess_100"),
        ("9" * 5000, "sess_000"),
        ("", "sess_000"),
        ("%00", "sess_000"),
        ("%ff", "sess_000"),
        ("%F0%9F%98%80", "sess_000"),
        ("2&page=1", "sess_000"),
        ("1%20OR%201=1", "sess_000"),
    ],
)
def test_a_page_that_is_none_is_the_first_or_the_last(page, first, clients, many_calls):
    answer = clients["reviewer"].get(f"/?page={page}")

    assert answer.status_code == 200
    assert listed(answer)[0] == first


@pytest.mark.parametrize("query", ["q=%00", "sort=pk__isnull", "id__gt=1", "kallglot_id=x"])
def test_parameters_nobody_asked_for_are_ignored(query, clients, vendor, many_calls):
    assert len(listed(clients["reviewer"].get(f"/?{query}"))) == 50


def test_the_number_of_queries_does_not_grow_with_the_calls(
    clients, db, django_assert_max_num_queries
):
    for _ in range(20):
        make_recording(make_session())
    client = clients["reviewer"]
    client.get("/")

    with django_assert_max_num_queries(10):
        client.get("/")


@pytest.mark.parametrize("query", ["", "sort=-length", "sort=expires", "channel=mixed&format=mp3"])
def test_any_page_costs_what_the_first_one_costs(
    query, clients, db, django_assert_num_queries, django_assert_max_num_queries
):
    for _ in range(120):
        make_recording(make_session())
    client = clients["reviewer"]
    client.get("/")

    with django_assert_max_num_queries(10) as first:
        client.get(f"/?{query}")
    with django_assert_num_queries(len(first)):
        last = client.get(f"/?{query}&page=3")

    assert len(listed(last)) == 20


def test_the_library_makes_no_vendor_call(clients, call, vendor):
    vendor.requests.clear()

    clients["reviewer"].get("/")

    assert vendor.requests.count() == 0


@pytest.mark.parametrize(
    ("role", "sentence", "absent"),
    [
        ("administrator", "make an API key with the scopes", "Please ask one."),
        ("reviewer", "An administrator has to connect the portal first.", "KALLGLOT_API_KEY"),
    ],
)
def test_without_an_api_key_it_says_who_has_to_do_what(
    role, sentence, absent, clients, settings, db
):
    settings.KALLGLOT_API_KEY = ""
    make_session("sess_from_before")

    answer = clients[role].get("/")

    assert answer.status_code == 200
    assert "Not connected to Kallglot yet" in answer.text
    assert sentence in answer.text
    assert absent not in answer.text
    assert listed(answer) == ["sess_from_before"]
    assert 'class="open-calls"' not in answer.text


def trouble(cause, *, paused_s=0, minutes=1):
    now = timezone.now()
    VendorState.objects.create(
        pk=VendorState.SINGLETON,
        cause=cause,
        since=now - timedelta(minutes=minutes),
        paused_until=now + timedelta(seconds=paused_s) if paused_s else None,
    )


@pytest.mark.parametrize(
    ("cause", "sentence"),
    [
        ("vendor_connect", "Kallglot is not reachable at the moment. Calls already fetched still"),
        ("vendor_unavailable", "Kallglot is not reachable at the moment. Calls already fetched"),
        ("vendor_timeout", "Kallglot did not answer in time. Calls already fetched still play."),
        ("vendor_rate_limit", "Kallglot's limit of requests is reached."),
        ("vendor_payment", "Kallglot credits are used up; calls already fetched still play."),
        ("vendor_key", "Kallglot refused the portal's connection. Administrators see what is"),
    ],
)
def test_trouble_with_kallglot_is_a_line_on_every_page_and_rows_stay(cause, sentence, clients, db):
    make_session(CALL)
    trouble(cause, paused_s=28)

    for path in ("/", f"/sessions/{CALL}/"):
        answer = clients["reviewer"].get(path)
        assert answer.status_code == 200
        assert standing(answer).startswith(sentence)
        assert re.search(r"Next try in [12]\d s\.", standing(answer))
    assert listed(clients["reviewer"].get("/")) == [CALL]


def test_the_line_tells_since_when_kallglot_is_away(clients, db):
    trouble("vendor_connect")
    since = VendorState.load().since

    answer = clients["reviewer"].get("/")

    assert f"Since {since.day} {since:%b %Y, %H:%M}" in standing(answer)


@pytest.mark.parametrize("cause", ["vendor_connect", "vendor_timeout", "vendor_rate_limit"])
def test_old_trouble_that_nobody_met_again_is_no_line(cause, clients, db):
    trouble(cause, minutes=30)

    assert standing(clients["reviewer"].get("/")) == ""


@pytest.mark.parametrize("cause", ["vendor_key", "vendor_payment", "vendor_account"])
def test_trouble_an_administrator_has_to_mend_stays_until_a_call_succeeds(cause, clients, db):
    trouble(cause, minutes=600)

    assert "Kallglot" in standing(clients["administrator"].get("/"))


def test_fragments_carry_no_line(clients, call):
    trouble("vendor_connect", paused_s=20)

    answer = clients["reviewer"].get(f"/sessions/{CALL}/recordings", headers={"HX-Request": "true"})

    assert "standing" not in answer.text


def test_times_are_in_the_viewers_zone_with_the_zone_named(clients, db):
    make_session("sess_summer", started_at=SUMMER)
    client = clients["reviewer"]

    assert cell(client.get("/"), "Started") == "1 Jul 2026, 12:30"
    client.cookies["tz"] = "Asia/Kolkata"
    answer = client.get("/")

    assert cell(answer, "Started") == "1 Jul 2026, 18:00"
    assert 'title="2026-07-01 12:30:00 UTC"' in answer.text
    assert "imes in Asia/Kolkata" in answer.text


@given(
    datetimes(datetime(2, 1, 1), datetime(9998, 1, 1), timezones=just(UTC)),
    sampled_from(["UTC", "Europe/Berlin", "America/St_Johns", "Asia/Kathmandu"]),
)
def test_moments_are_written_as_django_writes_them(moment, zone):
    with timezone.override(zone):
        local = timezone.localtime(moment)
        assert in_zones(moment) == {
            "utc": date_format(moment, "Y-m-d H:i:s"),
            "utc_iso": date_format(moment, r"Y-m-d\TH:i:s\Z"),
            "local": date_format(local, "j M Y, H:i"),
        }


@pytest.mark.parametrize("zone", ["../../etc/passwd", "Mars/Phobos", "", "x" * 3000, "UTC\x00"])
def test_a_zone_that_is_none_is_ignored(zone, clients, db):
    make_session("sess_summer", started_at=SUMMER)
    clients["reviewer"].cookies["tz"] = zone

    answer = clients["reviewer"].get("/")

    assert answer.status_code == 200
    assert cell(answer, "Started") == "1 Jul 2026, 12:30"
