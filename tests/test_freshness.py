"""How a call's page is kept in step with Kallglot: in trouble and in time."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from recordings.models import Recording, Session
from recordings.services import sync
from recordings.simulator import Fault, make_call, noise
from tests.conftest import CALL
from tests.factories import outdate
from tests.pages import notice, rows, text_of

HTMX = {"HX-Request": "true"}
ROOM = f"/sessions/{CALL}/"
TABLE = f"/sessions/{CALL}/recordings"

# Faults of the vendor: what was known stays, with "stale since"


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        ({"kind": "status", "status": 401}, "Kallglot refused the portal's connection."),
        ({"kind": "status", "status": 402}, "Kallglot credits are used up;"),
        (
            {"kind": "status", "status": 403},
            "Your Kallglot key may not read this call's list of recordings.",
        ),
        (
            {"kind": "status", "status": 403, "code": "organization_suspended"},
            "Kallglot refused the portal's connection.",
        ),
        ({"kind": "status", "status": 404}, "Kallglot does not know this id."),
        ({"kind": "status", "status": 410}, "Kallglot has deleted this for good."),
        (
            {"kind": "status", "status": 429, "retry_after": 7},
            "Kallglot's limit of requests is reached. Next try in",
        ),
        ({"kind": "status", "status": 500}, "Kallglot is not reachable at the moment."),
        ({"kind": "status", "status": 503}, "Kallglot is not reachable at the moment."),
        ({"kind": "status", "status": 504}, "Kallglot did not answer in time."),
        ({"kind": "html_error"}, "Kallglot is not reachable at the moment."),
        ({"kind": "html_metadata"}, "Kallglot's answer could not be understood."),
        ({"kind": "invalid_json"}, "Kallglot's answer could not be understood."),
        ({"kind": "cut_json"}, "Kallglot's answer could not be understood."),
        ({"kind": "endless_json"}, "Kallglot's answer could not be understood."),
        ({"kind": "truncated"}, "Kallglot's answer could not be understood."),
        ({"kind": "hang_up"}, "Kallglot is not reachable at the moment."),
    ],
    ids=lambda value: "-".join(map(str, value.values())) if isinstance(value, dict) else "",
)
@pytest.mark.parametrize("path", [ROOM, TABLE])
def test_in_trouble_the_last_known_rows_stay_with_stale_since(
    path, fault, sentence, clients, call, vendor
):
    outdate(call, minutes=11)
    vendor.faults.set([Fault(**fault)])

    answer = clients["reviewer"].get(path)
    next_viewer = clients["lead"].get(path)

    for page in (answer, next_viewer):
        assert page.status_code == 200
        assert len(rows(page)) == 3
        assert "This is what was known before; stale since" in notice(page)
        assert not any(word in page.text for word in ("alert(", "nonsense", vendor.key, "Bearer"))
    assert notice(answer).startswith(sentence)
    assert notice(next_viewer).startswith(sentence.split(" Next")[0])


def test_with_kallglot_away_the_rows_stay_and_freshen_up_when_it_is_back(clients, call, vendor):
    outdate(call, minutes=11)
    fault = vendor.faults.add("hang_up")
    assert "stale since" in clients["reviewer"].get(ROOM).text

    vendor.faults.remove(fault)
    outdate(call, minutes=11)

    assert notice(clients["reviewer"].get(ROOM)) == ""
    call.refresh_from_db()
    assert call.stale_since is None
    assert call.last_error == ""


def test_stale_since_is_when_the_trouble_began(clients, call, vendor):
    vendor.faults.add("status", status=503)
    outdate(call, minutes=11)
    clients["reviewer"].get(ROOM)
    began = Session.objects.get().stale_since

    outdate(call, minutes=11)
    clients["reviewer"].get(ROOM)

    assert Session.objects.get().stale_since == began


@pytest.mark.parametrize("kind", ["gzip_bomb", "endless_json"])
def test_an_answer_without_end_is_stopped_and_the_rows_stay(kind, clients, call, vendor):
    outdate(call, minutes=11)
    vendor.faults.add(kind, "/recordings")

    answer = clients["reviewer"].get(ROOM)

    assert answer.status_code == 200
    assert len(rows(answer)) == 3
    assert notice(answer).startswith("Kallglot's answer could not be understood.")


@pytest.mark.parametrize("kind", ["duplicates", "repeating_cursor"])
def test_a_recording_told_twice_is_one_row(kind, clients, call, vendor):
    outdate(call, minutes=11)
    vendor.faults.add(kind, "/recordings")

    assert len(rows(clients["reviewer"].get(ROOM))) == 3


def test_entries_without_an_id_are_skipped_and_counted(clients, vendor):
    vendor.faults.add("no_id", "/recordings")
    clients["reviewer"].post("/sessions/open", {"ids": CALL})

    answer = clients["reviewer"].get(ROOM)

    assert len(rows(answer)) == 2
    assert "1 recording in Kallglot's list could not be read and is not shown." in answer.text


def test_missing_fields_are_dashes(clients, vendor):
    vendor.faults.add("missing_fields")
    clients["reviewer"].post("/sessions/open", {"ids": CALL})

    answer = clients["reviewer"].get(ROOM)

    assert answer.status_code == 200
    cells = re.findall(
        r'<td data-label="(Format|Length|Size|Created)"[^>]*>(.*?)</td>', answer.text
    )
    assert cells
    assert {text_of(value) for _, value in cells} == {"–"}


# Freshness: how often Kallglot is asked


def test_two_viewers_cause_one_vendor_call(clients, call, vendor):
    outdate(call, minutes=11)
    vendor.requests.clear()

    for _ in range(3):
        clients["reviewer"].get(ROOM)
        clients["lead"].get(TABLE)

    assert vendor.requests.count("/recordings") == 1
    assert vendor.requests.count() == 2


@pytest.mark.parametrize(
    ("ready_after", "age", "asked"),
    [
        (None, {"minutes": 9}, 0),
        (None, {"minutes": 11}, 1),
        (3600, {"seconds": 3}, 0),
        (3600, {"seconds": 6}, 1),
    ],
)
def test_a_call_is_asked_about_after_ten_minutes_or_while_processing_after_five_seconds(
    ready_after, age, asked, clients, vendor
):
    vendor.add_call(make_call(CALL, {"mixed": noise(100)}, ready_after=ready_after))
    session = sync.open_call(CALL)
    outdate(session, **age)
    vendor.requests.clear()

    clients["reviewer"].get(ROOM)

    assert vendor.requests.count("/recordings") == asked


def test_the_refresh_button_asks_at_once(clients, call, vendor):
    vendor.requests.clear()
    outdate(call, seconds=2)

    plain = clients["reviewer"].post(f"{ROOM}refresh?channel=agent")
    assert plain.status_code == 302
    assert plain.headers["Location"] == f"{ROOM}?channel=agent"
    assert vendor.requests.count("/recordings") == 1

    outdate(call, seconds=2)
    by_htmx = clients["reviewer"].post(f"{ROOM}refresh?channel=agent", headers=HTMX)
    assert by_htmx.status_code == 200
    assert rows(by_htmx) == ["rec_known_agent"]
    assert vendor.requests.count("/recordings") == 2


def test_pressing_refresh_twice_joins_the_first_refresh(clients, call, vendor):
    outdate(call, seconds=2)
    vendor.requests.clear()

    for _ in range(3):
        clients["reviewer"].post(f"{ROOM}refresh")

    assert vendor.requests.count("/recordings") == 1


def test_a_refresh_in_trouble_says_so(clients, call, vendor):
    outdate(call, seconds=2)
    vendor.faults.add("status", status=503)

    answer = clients["reviewer"].post(f"{ROOM}refresh", headers=HTMX)

    assert answer.status_code == 200
    assert "Kallglot is not reachable at the moment." in notice(answer)
    assert len(rows(answer)) == 3


def test_doing_it_twice_changes_nothing(call, vendor):
    def snapshot():
        ignored = ("refreshed_at", "refresh_begun_at")
        return [
            {k: v for k, v in row.items() if k not in ignored}
            for model in (Session, Recording)
            for row in model.objects.order_by("pk").values()
        ]

    before = snapshot()
    sync.refresh(CALL)
    sync.refresh(CALL)

    assert snapshot() == before


# Recordings that come and go


def test_a_recording_gone_before_its_time_is_missing_and_comes_back_when_listed(
    clients, call, vendor
):
    full = vendor.call(CALL)
    vendor.add_call(make_call(CALL, {"mixed": noise(10_000)}))
    outdate(call, minutes=11)

    page = clients["reviewer"].get(ROOM).text
    assert page.count(">Missing at Kallglot</span>") == 2

    vendor.add_call(full)
    outdate(call, minutes=11)
    assert "Missing at Kallglot" not in clients["reviewer"].get(ROOM).text


def test_a_recording_gone_after_its_time_is_expired(clients, call, vendor):
    vendor.options.list_expired = False
    vendor.advance(31 * 86_400)
    past = timezone.now() - timedelta(hours=1)
    Recording.objects.update(expires_at=past)
    outdate(call, minutes=11)

    answer = clients["reviewer"].get(ROOM)

    # Each of the three recordings, and the call as a whole.
    assert answer.text.count(">Expired</span>") == 4
    assert '<audio id="audio-' not in answer.text


def test_an_expiry_moved_by_kallglot_counts_at_once(clients, call, vendor):
    vendor.add_call(make_call(CALL, {"mixed": noise(10_000)}, expires_in=timedelta(seconds=-5)))
    outdate(call, minutes=11)

    answer = clients["reviewer"].get(f"{TABLE}?channel=mixed")

    assert "Deleted by Kallglot on" in answer.text


def test_a_call_kallglot_no_longer_knows_keeps_its_page(clients, call, vendor):
    vendor.remove_call(CALL)
    outdate(call, minutes=11)

    answer = clients["reviewer"].get(ROOM)

    assert answer.status_code == 200
    assert "Kallglot does not know this id." in notice(answer)
    assert len(rows(answer)) == 3


@pytest.mark.parametrize("generation", ["seed", "newer", "older"])
def test_every_generation_of_the_api_fills_the_page(generation, clients, vendor):
    vendor.options.generation = generation

    assert clients["reviewer"].post("/sessions/open", {"ids": CALL}).status_code == 302
    answer = clients["reviewer"].get(ROOM)

    assert "rec_known_mixed" in rows(answer)
    assert "0:10" in answer.text


def test_more_recordings_than_one_page_of_the_vendor_are_all_shown(clients, vendor):
    vendor.options.paging = "cursor"
    vendor.add_call(make_call(CALL, {"mixed": noise(10), "agent": noise(10)}, parts=25))
    clients["reviewer"].post("/sessions/open", {"ids": CALL})

    answer = clients["reviewer"].get(ROOM)

    assert len(rows(answer)) == 50
    assert 'Mixed <span class="count">25</span>' in answer.text
