"""The look at the API key when the portal starts, and what ends with a key that works."""

import http.server
import threading
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from kallglot_portal import launch
from recordings.kallglot import errors
from recordings.models import VendorState
from recordings.services import gate

pytestmark = pytest.mark.django_db


def check() -> str:
    told = StringIO()
    call_command("check_key", stdout=told)
    return told.getvalue().strip()


def test_a_key_that_may_read_everything(vendor):
    assert check() == "The Kallglot API key may read recordings, sessions and transcripts."
    assert {request.method for request in vendor.requests} == {"GET"}


def test_a_key_that_may_read_only_recordings(vendor):
    vendor.options.scopes = "recordings:read"
    assert check() == (
        "The Kallglot API key may read recordings. It may not read sessions or transcripts: "
        "check its scopes in Kallglot's developer portal."
    )


@pytest.mark.parametrize(
    ("scopes", "sentence"),
    [
        (
            "sessions:read",
            "The Kallglot API key may read sessions and transcripts. It may not read rec",
        ),
        ("", "It may not read recordings, sessions or transcripts: check its scopes"),
    ],
)
def test_a_key_that_may_not_read_recordings_is_a_failure(scopes, sentence, vendor):
    vendor.options.scopes = scopes
    with pytest.raises(CommandError, match=sentence):
        check()


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        ({"kind": "status", "status": 401}, "Kallglot refused the API key: check KALLGLOT_API_KEY"),
        ({"kind": "status", "status": 402}, "Kallglot asks for payment"),
        (
            {"kind": "status", "status": 403, "code": "organization_inactive"},
            "the organisation is suspended or inactive",
        ),
        ({"kind": "status", "status": 503}, "Kallglot is not reachable"),
        ({"kind": "hang_up"}, "Kallglot is not reachable"),
    ],
)
def test_a_refused_key_and_a_kallglot_that_is_away_are_said(fault, sentence, vendor):
    vendor.faults.add(fault.pop("kind"), **fault)
    with pytest.raises(CommandError, match=sentence) as caught:
        check()
    assert vendor.key not in str(caught.value)


def test_without_a_key_it_says_so(settings):
    settings.KALLGLOT_API_KEY = ""
    with pytest.raises(CommandError, match="Set KALLGLOT_API_KEY"):
        check()


@pytest.mark.parametrize("error", [errors.KeyRefused(), errors.AccountRefused()])
def test_a_key_that_is_accepted_again_ends_the_pause(error, vendor, clients):
    gate.DatabaseGate().after_call(error)
    assert VendorState.load().wait_s()

    check()

    assert VendorState.load().cause == ""
    gate.DatabaseGate().before_call()
    assert "Kallglot refused" not in clients["administrator"].get("/").text


def test_a_key_that_is_still_refused_goes_on_with_the_pause(vendor):
    vendor.faults.add("status", status=401)
    with pytest.raises(CommandError):
        check()
    assert VendorState.load().cause == "vendor_key"
    assert vendor.requests.count() == 1


def test_a_rate_limit_is_kept_to(vendor):
    gate.DatabaseGate().after_call(errors.RateLimited(retry_after=60))
    with pytest.raises(CommandError, match="limit of requests"):
        check()
    assert vendor.requests.count() == 0
    assert VendorState.load().wait_s() > 50


def test_the_start_finds_its_own_page_whatever_proxy_is_set(monkeypatch):
    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *arguments):
            pass

    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    with http.server.HTTPServer(("127.0.0.1", 0), Page) as server:
        thread = threading.Thread(target=server.handle_request, daemon=True)
        thread.start()
        assert launch._answers(f"http://127.0.0.1:{server.server_port}/healthz")
        thread.join(5)
