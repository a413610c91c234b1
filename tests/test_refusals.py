"""A refusal of one thing stops nothing else; a refusal of the account stops every call."""

from datetime import timedelta

import pytest
from django.utils import timezone

from recordings.models import VendorState
from recordings.services import importing, sync, transcript_round
from recordings.simulator import Fault, make_call, noise
from tests.factories import outdate
from tests.pages import notice

pytestmark = [
    pytest.mark.django_db(transaction=True, serialized_rollback=True),
    pytest.mark.usefixtures("fresh_clients"),
]

ROUTES = ("/transcript", "/sessions/sess_refused", "/recordings/rec_refused_mixed/audio")


def play(client, recording_id: str):
    answer = client.get(f"/recordings/{recording_id}/audio")
    return answer.status_code, answer.getvalue()


def test_cold_plays_succeed_while_an_import_meets_refused_transcripts(
    vendor, call, clients, people
):
    numbers = range(6)
    vendor.faults.add("status", "/transcript", status=403)
    for number in numbers:
        vendor.add_call(make_call(f"sess_{number}", {"mixed": noise(3_000)}))
    importing.create(people["lead"], [f"sess_{number}" for number in numbers])

    played = []
    importing.work_off(on_each=lambda: transcript_round.fetch_due())
    for number in numbers:
        transcript_round.fetch_due()
        played.append(play(clients["reviewer"], f"rec_{number}_mixed"))

    assert [(status, len(body)) for status, body in played] == [(200, 3_000)] * len(numbers)
    assert VendorState.load().cause == ""


@pytest.mark.parametrize("status", [400, 403, 404, 422])
@pytest.mark.parametrize("code", ["insufficient_permissions", "feature_not_available"])
def test_a_refusal_of_one_thing_stops_nothing_else(status, code, vendor, call, clients):
    ended = timezone.now() - timedelta(hours=1)
    vendor.add_call(make_call("sess_refused", {"mixed": noise(3_000)}, ended_at=ended))
    sync.open_call("sess_refused")
    for route in ROUTES:
        vendor.faults.add(Fault("status", route, status=status, code=code))

    clients["lead"].post("/sessions/sess_refused/refresh")
    clients["lead"].get("/sessions/sess_refused/transcript")
    refused, _ = play(clients["lead"], "rec_refused_mixed")

    assert refused == (404 if status == 404 else 502)
    assert play(clients["lead"], "rec_known_mixed")[0] == 200
    assert VendorState.load().cause == ""


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (401, "invalid_api_key"),
        (402, "insufficient_api_credits"),
        (403, "organization_suspended"),
        (403, "organization_inactive"),
    ],
)
def test_a_refusal_of_the_account_stops_every_call(status, code, vendor, call, clients):
    vendor.faults.add("status", "/transcript", status=status, code=code)
    clients["lead"].get(f"/sessions/{call.kallglot_id}/transcript")
    vendor.requests.clear()

    assert play(clients["lead"], "rec_known_mixed")[0] == 502

    assert vendor.requests.count() == 0
    assert "Kallglot" in clients["lead"].get("/").text
    assert VendorState.load().wait_s() > 50


def test_each_page_names_what_the_key_may_not_read(vendor, call, clients):
    vendor.faults.add("status", "", status=403)

    audio = clients["reviewer"].get("/recordings/rec_known_mixed/audio")
    assert (audio.status_code, audio.text) == (
        502,
        "Your Kallglot key may not read this recording.",
    )
    opened = clients["reviewer"].post("/sessions/open", {"ids": "sess_other"})
    assert opened.status_code == 502
    assert "Your Kallglot key may not read this call." in opened.text
    outdate(call, minutes=11)
    clients["administrator"].post(f"/sessions/{call.kallglot_id}/refresh")
    told = notice(clients["administrator"].get(f"/sessions/{call.kallglot_id}/"))
    assert "Check the key's scopes (sessions:read, recordings:read)" in told
