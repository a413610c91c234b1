"""Audio that Kallglot redirects to a host of its own: what each role sees, and that it plays."""

import socket
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from recordings.kallglot import Client, dialling
from recordings.models import VendorState
from recordings.services import gate, sync, vendor
from recordings.simulator import Simulator, make_call, noise
from tests.conftest import CALL
from tests.pages import text_of

DATA = Path(__file__).parent / "kallglot" / "data"
AUDIO = "/recordings/rec_known_mixed/audio"
HOST = "media.example.com"

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)


@pytest.fixture
def redirected(vendor, call):
    vendor.options.update({"redirect_audio": True, "media_origin": f"https://{HOST}"})
    return vendor


def test_a_host_that_is_not_listed_is_named_to_administrators_only(
    redirected, clients, settings, caplog
):
    answer = clients["reviewer"].get(AUDIO)
    assert (answer.status_code, answer.text) == (502, "Kallglot's answer could not be understood.")
    answer = clients["administrator"].get(AUDIO)
    assert answer.status_code == 502
    for told in (answer.text, text_of(clients["administrator"].get("/").text)):
        assert f"Kallglot keeps recordings at {HOST}, which the portal may not fetch from." in told
        assert "add it to KALLGLOT_MEDIA_HOSTS and restart the portal." in told
    for role in ("reviewer", "lead"):
        assert HOST not in clients[role].get("/").text
    assert f"Audio is redirected to {HOST}; KALLGLOT_MEDIA_HOSTS lacks it" in caplog.text
    assert "signature=" not in caplog.text
    # It is no trouble of the whole connection.
    assert VendorState.load().cause == ""

    settings.KALLGLOT_MEDIA_HOSTS = [HOST]
    assert HOST not in clients["administrator"].get("/").text


def test_the_line_goes_a_day_after_it_was_met_last(redirected, clients):
    clients["reviewer"].get(AUDIO)
    assert HOST in clients["administrator"].get("/").text
    VendorState.objects.update(refused_host_at=timezone.now() - timedelta(hours=25))
    assert HOST not in clients["administrator"].get("/").text


def test_audio_of_a_listed_host_plays(settings, monkeypatch, clients):
    """The host is this machine, and its certificate is of an authority of the tests."""

    def getaddrinfo(host, port, **_):
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    monkeypatch.setattr(dialling, "is_public", lambda address: True)
    calls = [make_call(CALL, {"mixed": noise(10_000)})]
    with Simulator(calls=calls, media_certificate=str(DATA / "server.pem")) as simulator:
        port = simulator.media_origin.rpartition(":")[2]
        origin = f"https://media.test:{port}"
        simulator.options.update({"redirect_audio": True, "media_origin": origin})
        client = Client(
            simulator.key,
            simulator.url,
            media_hosts=(f"media.test:{port}",),
            gate=gate.DatabaseGate(),
            ca_file=str(DATA / "ca.pem"),
        )
        monkeypatch.setattr(vendor, "_client", lambda *_: client)
        settings.KALLGLOT_API_KEY = simulator.key
        with client:
            sync.open_call(CALL)
            answer = clients["reviewer"].get(AUDIO)
            assert (answer.status_code, len(answer.getvalue())) == (200, 10_000)
            (fetched,) = simulator.requests.matching("/storage/")
            assert "authorization" not in fetched.headers
            # What the host refuses concerns this recording only.
            simulator.faults.add("status", "/storage/", status=403)
            simulator.remake("rec_known_mixed")
            sync.refresh(CALL)
            assert clients["reviewer"].get(AUDIO).status_code == 502
            assert VendorState.load().cause == ""
