"""Status, headers and body of an answer -> class and fields of the error."""

import json
import pickle
import time
from email.utils import formatdate

import pytest

from recordings.kallglot import Client, answers, errors

from .conftest import KEY
from .vendor import answer


def error_body(**fields) -> bytes:
    return json.dumps({"error": fields}).encode()


STATUSES = [
    (202, errors.NotReady, "vendor_not_ready"),
    (400, errors.BadAnswer, "vendor_bad_answer"),
    (401, errors.KeyRefused, "vendor_key"),
    (402, errors.CreditsUsedUp, "vendor_payment"),
    (403, errors.NotAllowed, "vendor_forbidden"),
    (404, errors.NotFound, "vendor_not_found"),
    (405, errors.BadAnswer, "vendor_bad_answer"),
    (409, errors.NotReady, "vendor_not_ready"),
    (410, errors.Gone, "vendor_gone"),
    (416, errors.BadAnswer, "vendor_bad_answer"),
    (422, errors.BadAnswer, "vendor_bad_answer"),
    (425, errors.NotReady, "vendor_not_ready"),
    (429, errors.RateLimited, "vendor_rate_limit"),
    (500, errors.Unavailable, "vendor_unavailable"),
    (502, errors.Unavailable, "vendor_unavailable"),
    (503, errors.Unavailable, "vendor_unavailable"),
    (504, errors.TimedOut, "vendor_timeout"),
    (599, errors.Unavailable, "vendor_unavailable"),
    (101, errors.BadAnswer, "vendor_bad_answer"),
    (201, errors.BadAnswer, "vendor_bad_answer"),
    (304, errors.BadAnswer, "vendor_bad_answer"),
    (777, errors.BadAnswer, "vendor_bad_answer"),
]


@pytest.mark.parametrize(("status", "kind", "reason"), STATUSES)
@pytest.mark.parametrize("method", ["session", "open_audio"])
def test_status(vendor, client, fails, status, kind, reason, method):
    body = error_body(type="t", code="some_code", message=f"<script>{KEY}</script>")
    vendor.script(answer(status, b"" if status == 304 else body, "X-Request-ID: req_7f3c"))
    argument = "sess_1" if method == "session" else "rec_1"
    # 304 and 1xx have no body, so there is no code to be read.
    code = None if status in (101, 304) else "some_code"
    with fails(kind, status=status, reason=reason, request_id="req_7f3c", code=code) as caught:
        getattr(client, method)(argument)
    assert "script" not in repr(vars(caught.value))
    assert len(vendor.requests) == (2 if status in (500, 502) else 1)


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (403, "organization_suspended", errors.AccountRefused),
        (403, "organization_inactive", errors.AccountRefused),
        (400, "organization_closed", errors.AccountRefused),
        (401, "organization_suspended", errors.KeyRefused),
        (402, "organization_suspended", errors.CreditsUsedUp),
        (403, "insufficient_permissions", errors.NotAllowed),
        (403, "feature_not_available", errors.NotAllowed),
        (403, "not_organization_", errors.NotAllowed),
        (503, "organization_suspended", errors.Unavailable),
    ],
)
def test_a_code_that_names_the_organization_concerns_the_account(
    vendor, client, fails, status, code, kind
):
    vendor.script(answer(status, error_body(code=code)))
    with fails(kind, status=status, code=code):
        client.session("sess_1")


def test_request_id_from_the_body(vendor, client, fails):
    vendor.script(answer(404, error_body(code="not_found", request_id="req_b")))
    with fails(errors.NotFound, request_id="req_b", code="not_found"):
        client.session("sess_1")


BODIES = {
    "html": (b"<html><script>alert(1)</script>", "text/html"),
    "empty": (b"", None),
    "cut json": (b'{"error": {"code": "x', "application/json"),
    "list": (b"[1, 2]", "application/json"),
    "error is text": (b'{"error": "no"}', "application/json"),
    "code is a number": (b'{"error": {"code": 5, "request_id": []}}', "application/json"),
    "code is prose": (b'{"error": {"code": "a b <i>"}}', "application/json"),
    "code has the key": (error_body(code=KEY, request_id=f"x{KEY}"), "application/json"),
    "code is some key": (error_body(code="sk_live_other"), "application/json"),
    "larger than is read": (b" " * 400_000 + error_body(code="x"), "application/json"),
    "not utf-8": (b'\xff{"error": {"code": "x"}}', "application/json"),
    "deep": (b"[" * 50_000, "application/json"),
}


@pytest.mark.parametrize(("body", "kind"), BODIES.values(), ids=BODIES)
def test_odd_error_bodies(vendor, client, fails, body, kind):
    vendor.script(answer(403, body, f"X-Request-ID: {KEY}", kind=kind))
    with fails(errors.NotAllowed, status=403, code=None, request_id=None):
        client.session("sess_1")


def test_error_body_that_hangs_is_not_waited_for(vendor, make_client, fails):
    client = make_client(limits={"first_byte_seconds": 60, "gap_seconds": 60, "json_seconds": 60})

    def step(link):
        link.send(answer(402, b'{"err', length=1000))
        link.hang()

    vendor.script(step)
    began = time.monotonic()
    with fails(errors.CreditsUsedUp, status=402):
        client.session("sess_1")
    assert time.monotonic() - began < 20


def test_key_of_another_shape_is_not_echoed_either(vendor, fails):
    vendor.script(answer(404, error_body(code="a-opaque9-b"), "X-Request-ID: opaque9"))
    with (
        Client("opaque9", vendor.url) as client,
        fails(errors.NotFound, code=None, request_id=None),
    ):
        client.session("sess_1")


RETRY_AFTER = [
    ("7", 7),
    ("0", 1),
    ("300", 300),
    ("301", 300),
    ("9" * 5000, 300),
    (" 12 ", 12),
    ("-5", None),
    ("+5", None),
    ("1.5", None),
    ("soon", None),
    ("", None),
    ("\u0661\u0662", None),
    ("Mon, 99 Foo 2026 99:99:99 GMT", None),
    ("Fri, 31 Dec 9999 23:59:59 GMT", 300),
    ("Thu, 01 Jan 1970 00:00:00 GMT", 1),
]


@pytest.mark.parametrize(("value", "seconds"), RETRY_AFTER)
def test_retry_after(value, seconds):
    assert answers.retry_after(value) == seconds


def test_retry_after_as_a_date():
    assert answers.retry_after(formatdate(time.time() + 60, usegmt=True)) == pytest.approx(
        60, abs=3
    )


def test_retry_after_date_is_counted_on_the_vendors_clock():
    sent = "Mon, 11 May 2026 09:17:42 GMT"
    assert answers.retry_after("Mon, 11 May 2026 09:17:52 GMT", sent) == 10


@pytest.mark.parametrize(
    ("status", "kind", "header", "fields", "seconds"),
    [
        (429, errors.RateLimited, "7", {"retry_after": 99}, 7),
        (429, errors.RateLimited, None, {"retry_after": 12}, 12),
        (429, errors.RateLimited, None, {"retry_after": "12"}, 30),
        (429, errors.RateLimited, None, {"retry_after": 10**15}, 300),
        (429, errors.RateLimited, None, {"retry_after": 10**400}, 30),
        (429, errors.RateLimited, None, {"retry_after": True}, 30),
        (429, errors.RateLimited, None, {"retry_after": -1}, 30),
        (429, errors.RateLimited, "soon", {}, 30),
        (503, errors.Unavailable, "9999", {}, 300),
        (503, errors.Unavailable, None, {}, None),
        (409, errors.NotReady, "3", {}, 3),
        (404, errors.NotFound, None, {}, None),
    ],
)
def test_wait(vendor, client, fails, status, kind, header, fields, seconds):
    headers = [] if header is None else [f"Retry-After: {header}"]
    vendor.script(answer(status, error_body(**fields), *headers))
    with fails(kind, retry_after=seconds):
        client.session("sess_1")
    assert len(vendor.requests) == 1


def test_errors_survive_pickling():
    cause = errors.RateLimited(status=429, request_id="req_1", retry_after=7)
    for error in (cause, errors.Paused(cause, retry_after=3.0)):
        copy = pickle.loads(pickle.dumps(error))
        assert (type(copy), str(copy), copy.reason) == (type(error), str(error), error.reason)
        assert (copy.status, copy.request_id, copy.retry_after) == (
            error.status,
            error.request_id,
            error.retry_after,
        )


def test_callers_can_catch_by_family():
    assert issubclass(errors.Stalled, errors.Unavailable)
    assert issubclass(errors.ConnectFailed, errors.Unavailable)
    assert issubclass(errors.TimedOut, errors.Unavailable)
    assert issubclass(errors.TooLarge, errors.BadAnswer)
    assert issubclass(errors.TruncatedAudio, errors.BadAnswer)
    assert not issubclass(errors.Paused, errors.Unavailable)
