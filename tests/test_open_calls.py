"""The box that opens calls: what may be pasted into it, and what comes of each id."""

import html
import re

import pytest

from recordings.models import Recording, Session, VendorState
from recordings.simulator import Fault, make_call, noise
from tests.conftest import CALL
from tests.factories import make_recording, make_session

VENDOR_WORDS = ("Upstream", "alert(", "nonsense", "Maintenance", "Traceback")


def open_calls(client, text, **headers):
    return client.post("/sessions/open", {"ids": text}, headers=headers or None)


def alerts(answer):
    """The sentences a page marks as alerts, without their tags; places for later ones are empty."""
    found = re.findall(r'<(?:li|p)[^>]*role="alert"[^>]*>(.*?)</(?:li|p)>', answer.text, re.DOTALL)
    told = [" ".join(html.unescape(re.sub(r"<[^>]+>", " ", text)).split()) for text in found]
    return [sentence for sentence in told if sentence]


def typed(answer):
    """What stands in the box."""
    found = re.search(r"<textarea[^>]*>\n?(.*?)</textarea>", answer.text, re.DOTALL)
    return html.unescape(found[1])


@pytest.mark.parametrize(
    "text",
    [
        CALL,
        f"  {CALL}\n",
        "rec_known_agent",
        f"Please look at {CALL}, thanks.",
        f"https://app.kallglot.com/sessions/{CALL}?tab=recordings",
        f'{{"session_id": "{CALL}", "recording": "rec_known_mixed"}}'.replace("rec_", "_"),
        f"{CALL} {CALL} {CALL}",
    ],
)
def test_any_text_with_one_id_leads_to_its_room(text, clients, vendor):
    answer = open_calls(clients["reviewer"], text)

    assert answer.status_code == 302
    assert answer.headers["Location"] == f"/sessions/{CALL}/"
    assert Session.objects.get().recordings.count() == 3


def test_opening_a_known_call_costs_no_vendor_call(clients, call, vendor):
    vendor.requests.clear()

    assert open_calls(clients["reviewer"], CALL).status_code == 302
    assert open_calls(clients["reviewer"], "rec_known_customer").status_code == 302
    assert vendor.requests.count() == 0


def test_several_ids_of_one_call_lead_to_its_room(clients, vendor):
    text = f"https://portal.example.com/sessions/{CALL}/ rec_known_agent rec_known_mixed"

    answer = open_calls(clients["reviewer"], text)

    assert (answer.status_code, answer.headers["Location"]) == (302, f"/sessions/{CALL}/")


def test_several_ids_of_one_call_are_one_line(clients, vendor):
    make_session("sess_else")

    answer = open_calls(clients["reviewer"], "rec_known_agent sess_else rec_known_mixed")

    assert answer.text.count(">Open the call</a>") == 2
    assert "rec_known_agent rec_known_mixed" in answer.text


def test_several_ids_are_answered_one_by_one(clients, vendor, other_team):
    make_session("sess_theirs", team=other_team)
    vendor.add_call(make_call("sess_second", {"mixed": noise(100)}))

    answer = open_calls(
        clients["reviewer"], f"{CALL}, rec_second_mixed; sess_nobody / rec_nobody\nsess_theirs"
    )

    assert answer.status_code == 200
    assert f'<a href="/sessions/{CALL}/">' in answer.text
    assert '<a href="/sessions/sess_second/">' in answer.text
    unknown = "Kallglot does not know this id."
    assert alerts(answer) == [
        f"sess_nobody {unknown}",
        f"rec_nobody {unknown}",
        f"sess_theirs {unknown}",
    ]
    assert '<a href="/sessions/sess_theirs/">' not in answer.text


@pytest.mark.parametrize("kallglot_id", ["sess_nobody", "rec_nobody", "sess_theirs", "rec_theirs"])
def test_unknown_and_another_teams_ids_get_the_same_404(kallglot_id, clients, vendor, other_team):
    make_recording(make_session("sess_theirs", team=other_team), "rec_theirs")

    answer = open_calls(clients["reviewer"], kallglot_id)

    assert answer.status_code == 404
    assert alerts(answer) == [f"{kallglot_id} Kallglot does not know this id."]
    assert typed(answer) == kallglot_id


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "Type or paste a session or recording id first."),
        ("   \n", "Type or paste a session or recording id first."),
        ("ticket 4711", "There is no Kallglot id in this text."),
        ("sess_", "There is no Kallglot id in this text."),
        ("sess_" + "x" * 65, "There is no Kallglot id in this text."),
        ("session_01HXYZ", "There is no Kallglot id in this text."),
        ("../../etc/passwd", "There is no Kallglot id in this text."),
        (f"{CALL}\x00", "Null characters are not allowed."),
        ("x" * 100_001, "at most 100000 characters"),
        (" ".join(f"sess_{n}" for n in range(20_001)), "at most 100000 characters"),
        ("<script>alert(1)</script>", "There is no Kallglot id in this text."),
    ],
)
def test_text_without_usable_ids_says_so_and_stays_in_the_box(text, sentence, clients, vendor):
    answer = open_calls(clients["reviewer"], text)

    assert answer.status_code == 422
    (alert,) = alerts(answer)
    assert sentence in alert
    assert typed(answer) == text
    assert "<script>alert" not in answer.text
    assert 'aria-invalid="true"' in answer.text
    assert vendor.requests.count() == 0
    assert not Session.objects.exists()


def test_a_missing_field_is_a_sentence_too(clients, vendor):
    answer = clients["reviewer"].post("/sessions/open")

    assert answer.status_code == 422
    assert alerts(answer) == ["Type or paste a session or recording id first."]


@pytest.mark.parametrize(
    ("fault", "status", "sentence"),
    [
        ({"kind": "status", "status": 401}, 502, "Kallglot refused the portal's connection."),
        ({"kind": "status", "status": 402}, 502, "Kallglot credits are used up;"),
        ({"kind": "status", "status": 403}, 502, "Your Kallglot key may not read this call."),
        ({"kind": "status", "status": 404}, 404, "Kallglot does not know this id."),
        ({"kind": "status", "status": 410}, 410, "Kallglot has deleted this for good."),
        ({"kind": "status", "status": 500}, 502, "Kallglot is not reachable at the moment."),
        ({"kind": "status", "status": 502}, 502, "Kallglot is not reachable at the moment."),
        ({"kind": "status", "status": 503}, 503, "Kallglot is not reachable at the moment."),
        ({"kind": "status", "status": 504}, 504, "Kallglot did not answer in time."),
        ({"kind": "html_error", "status": 500}, 502, "Kallglot is not reachable at the moment."),
        ({"kind": "html_metadata"}, 502, "Kallglot's answer could not be understood."),
        ({"kind": "invalid_json"}, 502, "Kallglot's answer could not be understood."),
        ({"kind": "cut_json"}, 502, "Kallglot's answer could not be understood."),
        ({"kind": "endless_json"}, 502, "Kallglot's answer could not be understood."),
        ({"kind": "truncated"}, 502, "Kallglot's answer could not be understood."),
        ({"kind": "hang_up"}, 502, "Kallglot is not reachable at the moment."),
    ],
    ids=lambda value: "-".join(map(str, value.values())) if isinstance(value, dict) else None,
)
def test_a_vendor_fault_is_our_status_and_our_sentence(fault, status, sentence, clients, vendor):
    vendor.faults.add(Fault(**fault))

    answer = open_calls(clients["reviewer"], CALL)

    assert answer.status_code == status
    (alert,) = alerts(answer)
    assert alert.startswith(f"{CALL} {sentence}")
    assert typed(answer) == CALL
    assert not any(word in answer.text for word in (*VENDOR_WORDS, vendor.key, "Bearer"))
    assert not Session.objects.exists()


def test_a_refused_connection_is_502(clients, vendor):
    vendor.close()

    answer = open_calls(clients["reviewer"], CALL)

    assert answer.status_code == 502
    assert alerts(answer) == [f"{CALL} Kallglot is not reachable at the moment."]


def test_a_full_rate_limit_is_503_with_the_wait_as_header_and_countdown(clients, vendor):
    vendor.faults.add("status", status=429, retry_after=7)

    answer = open_calls(clients["reviewer"], CALL)

    assert answer.status_code == 503
    assert 7 <= int(answer.headers["Retry-After"]) <= 10
    wait = answer.headers["Retry-After"]
    assert f'<span data-countdown="{wait}">{wait}</span>' in answer.text
    assert f"Kallglot's limit of requests is reached. Next try in {wait} s." in alerts(answer)[0]


def test_after_a_full_rate_limit_no_call_is_made_before_the_wait_is_over(clients, vendor):
    vendor.faults.add("status", status=429, retry_after=70, times=1)
    open_calls(clients["reviewer"], CALL)
    asked = vendor.requests.count()

    again = open_calls(clients["lead"], CALL)
    assert again.status_code == 503
    assert 1 <= int(again.headers["Retry-After"]) <= 71
    assert vendor.requests.count() == asked == 1

    VendorState.objects.update(paused_until="2020-01-01T00:00Z")
    assert open_calls(clients["lead"], CALL).status_code == 302
    assert VendorState.load().cause == ""


def test_what_could_not_be_opened_for_now_stays_in_the_box(clients, vendor):
    vendor.add_call(make_call("sess_second", {"mixed": noise(100)}))
    vendor.faults.add("status", "/sessions/sess_second", status=429, retry_after=7)

    answer = open_calls(clients["reviewer"], f"{CALL} sess_nobody sess_second sess_third")

    assert answer.status_code == 200
    assert typed(answer).split() == ["sess_second", "sess_third"]


def test_a_refused_key_is_told_to_administrators_in_detail_and_pauses_all_calls(clients, vendor):
    vendor.faults.add("status", status=401)

    for_reviewers = open_calls(clients["reviewer"], CALL)
    for_administrators = open_calls(clients["administrator"], CALL)

    assert for_reviewers.status_code == for_administrators.status_code == 502
    assert "KALLGLOT_API_KEY" not in for_reviewers.text
    assert "Kallglot refused the API key: check KALLGLOT_API_KEY" in for_administrators.text
    assert vendor.requests.count() == 1
    assert 55 < VendorState.load().wait_s() <= 60


def test_five_failures_in_a_row_pause_all_calls(clients, vendor):
    vendor.faults.add("status", status=503)
    client = clients["reviewer"]
    for number in range(5):
        assert open_calls(client, f"sess_{number}").status_code == 503
    asked = vendor.requests.count()

    answer = open_calls(client, "sess_sixth")

    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) <= 30
    assert vendor.requests.count() == asked


def test_without_an_api_key_opening_says_that_nothing_is_connected(clients, vendor, settings):
    settings.KALLGLOT_API_KEY = ""

    answer = open_calls(clients["reviewer"], CALL)

    assert answer.status_code == 503
    assert alerts(answer)[0].startswith(f"{CALL} The portal is not connected to Kallglot yet.")
    assert vendor.requests.count() == 0


def test_opening_needs_the_right_to_add_calls(clients, people, vendor):
    people["reviewer"].groups.get().permissions.remove(
        *people["reviewer"].groups.get().permissions.filter(codename="open_session")
    )

    answer = open_calls(clients["reviewer"], CALL)

    assert answer.status_code == 403
    assert "Your role does not include adding calls." in answer.text
    assert 'name="ids"' not in clients["reviewer"].get("/").text
    assert not Recording.objects.exists()
