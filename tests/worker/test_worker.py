"""The real worker process: what it does by itself, and what is left when it is killed."""

import re
import subprocess
import time
from dataclasses import replace
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from recordings.models import CallState, Recording, Session, WebhookEvent, WorkerState
from recordings.simulator import make_call, noise
from recordings.simulator.webhooks import event, events_of
from tests.factories import make_recording, make_session, outdate
from tests.relay.asking import eventually


def sessions_asked(vendor) -> list[str]:
    """The calls Kallglot was asked about, once for each time."""
    session = re.compile(r".*/sessions/[^/]+")
    return [request.path for request in vendor.requests if session.fullmatch(request.path)]


def add_calls(vendor, number: int, prefix: str = "sess_w", **facts) -> list[str]:
    ids = [f"{prefix}{n}" for n in range(number)]
    for session_id in ids:
        vendor.add_call(make_call(session_id, {"mixed": noise(500)}, **facts))
    return ids


@pytest.fixture
def redis_url(tmp_path_factory):
    """A Redis of its own, reached by a socket file."""
    folder = tmp_path_factory.mktemp("redis")
    command = ["redis-server", "--port", "0", "--save", "", "--dir", str(folder)]
    try:
        server = subprocess.Popen(
            [*command, "--unixsocket", str(folder / "s")], stdout=subprocess.DEVNULL
        )
    except FileNotFoundError:
        pytest.skip("the program redis-server is not installed")
    assert eventually((folder / "s").exists)
    yield f"unix://{folder / 's'}"
    server.kill()
    server.wait()


def _brings_a_webhooks_call(house):
    call = make_call("sess_told", {"mixed": noise(500), "agent": noise(400, "wav")})
    house.vendor.add_call(call)

    assert set(house.deliver(events_of(call), copies=3, shuffle=7)) == {200}

    house.until(lambda: Recording.objects.filter(session__kallglot_id="sess_told").count() == 2)
    house.until(lambda: not WebhookEvent.objects.waiting().exists())


def test_a_webhooks_call_is_there_within_seconds(working_house):
    _brings_a_webhooks_call(working_house)


def test_a_call_that_somebody_watches_is_ready_within_seconds(working_house, django_user_model):
    """Although by itself the worker would look in ten minutes only."""
    working_house.vendor.add_call(make_call("sess_watched", {"mixed": noise(500)}))
    with working_house.database():
        person = django_user_model.objects.create_superuser("rosa")
        browser = Client()
        browser.force_login(person)
        later = timezone.now() + timedelta(minutes=10)
        session = make_session("sess_watched", next_refresh_at=later)
        make_recording(session, "rec_watched_mixed", status="processing")
        outdate(session, seconds=6)

    def look() -> bytes:
        cookie = f"sessionid={browser.cookies['sessionid'].value}"
        row = "/recordings/rec_watched_mixed/row?look=6"
        return working_house.ask("GET", row, HX_Request="true", Cookie=cookie)[1]

    try:
        assert b'hx-trigger="load delay:3s"' in look()
        assert eventually(lambda: b">Ready</span>" in look(), within=40)
    finally:
        with working_house.database():
            person.delete()


def test_the_same_with_redis_as_the_queue(house, redis_url):
    house.start_web(REDIS_URL=redis_url)
    house.start_worker(REDIS_URL=redis_url)
    try:
        _brings_a_webhooks_call(house)
    finally:
        house.start_web()


def test_webhooks_are_taken_while_redis_is_away_and_worked_off_later(house, tmp_path):
    call = make_call("sess_later", {"mixed": noise(500)})
    house.vendor.add_call(call)
    house.start_web(REDIS_URL=f"unix://{tmp_path / 'nobody'}")
    try:
        assert set(house.deliver(events_of(call))) == {200}
    finally:
        house.start_web()
    house.start_worker()

    house.until(lambda: Recording.objects.filter(session__kallglot_id="sess_later").exists())


def test_what_came_while_no_worker_ran_is_taken_up(house):
    ids = add_calls(house.vendor, 5)
    house.deliver([event("session.ended", {"id": session_id}) for session_id in ids])

    house.start_worker()

    house.until(lambda: Recording.objects.count() == 5)
    assert len(sessions_asked(house.vendor)) == 5


def test_processing_recordings_are_looked_at_until_they_are_ready(working_house):
    house = working_house
    house.vendor.add_call(make_call("sess_soon", {"mixed": noise(500)}, ready_after=60))
    house.deliver(event("session.ended", {"id": "sess_soon"}))

    def state():
        return Session.objects.values_list("recordings_state", flat=True).first()

    house.until(lambda: state() == CallState.PROCESSING)
    house.vendor.advance(61)
    house.until(lambda: state() == CallState.READY)
    assert house.vendor.requests.count("/sessions/sess_soon/recordings") >= 2


def test_a_call_whose_end_was_never_told_is_found_out(working_house):
    house = working_house
    call = make_call("sess_live", {"mixed": noise(500)})
    house.vendor.add_call(replace(call, status="active", ended_at=None, recordings=()))
    house.deliver(event("session.started", {"id": "sess_live"}))
    house.until(lambda: Session.objects.filter(recordings_state=CallState.ACTIVE).exists())
    with house.database():
        due = Session.objects.get().next_refresh_at - timezone.now()
    assert timedelta(minutes=8) < due < timedelta(minutes=15)

    house.vendor.add_call(call)
    with house.database():
        Session.objects.update(next_refresh_at=timezone.now())
    house.deliver(event("analysis.complete", {}))  # any event begins a round

    house.until(lambda: Session.objects.filter(recordings_state=CallState.READY).exists())


def test_a_worker_killed_in_the_middle_loses_and_doubles_nothing(house):
    ids = add_calls(house.vendor, 24)
    house.deliver([event("session.ended", {"id": session_id}) for session_id in ids], copies=2)
    house.vendor.options.update({"latency_ms": 150})
    house.start_worker()
    assert eventually(lambda: len(sessions_asked(house.vendor)) >= 6)

    house.kill("worker")
    with house.database():
        done = Recording.objects.count()
    assert 1 <= done < 24
    house.vendor.options.update({"latency_ms": 0})
    house.start_worker()

    house.until(lambda: Recording.objects.count() == 24)
    house.until(lambda: not WebhookEvent.objects.waiting().exists())
    # Only the call that was under way is asked about twice.
    assert len(sessions_asked(house.vendor)) <= 25
    with house.database():
        assert Session.objects.count() == 24


def test_a_full_rate_limit_stops_the_worker_until_it_may_go_on(house):
    ids = add_calls(house.vendor, 6)
    house.deliver([event("session.ended", {"id": session_id}) for session_id in ids])
    house.vendor.faults.add("status", status=429, retry_after=8, skip=3, times=1)

    house.start_worker()

    assert eventually(lambda: any(r.status == 429 for r in house.vendor.requests))
    asked, refused_at = len(house.vendor.requests), time.monotonic()
    assert eventually(lambda: len(house.vendor.requests) > asked)
    # Eight seconds, less what it took us to see the refusal.
    assert time.monotonic() - refused_at > 3
    house.until(lambda: Recording.objects.count() == 6)


def test_one_calls_fault_holds_nobody_up_and_is_tried_again_later(house):
    add_calls(house.vendor, 3)
    house.vendor.faults.add("invalid_json", "/sessions/sess_w0")
    house.deliver([event("session.ended", {"id": f"sess_w{n}"}) for n in range(3)])

    house.start_worker()

    house.until(lambda: Recording.objects.count() == 2)

    def planned():
        session = Session.objects.get(kallglot_id="sess_w0")
        return session.refresh_attempts == 1 and session.next_refresh_at > timezone.now()

    house.until(planned)


def test_what_has_expired_is_deleted_by_the_worker(house):
    with house.database():
        gone = make_recording(make_session("sess_x"), expires_at=timezone.now())
    folder = house.audio_dir / f"{gone.pk}-0123456789ab"
    folder.mkdir(parents=True)
    (folder / "audio").write_bytes(b"gone")

    house.start_worker()

    assert eventually(lambda: not folder.exists()), house.log("worker")


def test_the_worker_says_that_it_is_there(house):
    with house.database():
        WorkerState.objects.all().delete()

    house.start_worker()

    with house.database():
        assert timezone.now() - WorkerState.objects.get().last_beat_at < timedelta(seconds=30)
