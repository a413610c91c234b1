"""Addresses and parameters nobody would type in good faith, logs included."""

import io
import logging

import pytest

from kallglot_portal.logs import OneLineFormatter
from tests.conftest import CALL


@pytest.mark.parametrize(
    "path",
    [
        "/.env",
        "/.git/config",
        "/static/../manage.py",
        "/static/%2e%2e/manage.py",
        "/static/..%2f..%2fmanage.py",
        "/static//etc/passwd",
        "/sessions/../",
        "/sessions/%2e%2e%2f/",
        "/sessions/%252e%252e/",
        "/sessions/..%5c/",
        "/sessions/sess_%00/",
        "/sessions/sess_a%0d%0aX:1/",
        "/sessions/sess_a%0a/",
        "/sessions/sess_a'--/",
        "/sessions/sess_" + "x" * 65 + "/",
        "/sessions/sess_" + "x" * 10_000 + "/",
        "/sessions/sess_é/",
        "/sessions/rec_known_mixed/",
        "/sessions/SESS_known/",
        "/sessions/http://evil.example/",
        "/recordings/../../x/audio",
        "/recordings/rec_%2e%2e%2fx/audio",
        "/recordings/rec_a%00/audio",
        "/recordings/rec_a%0a/audio",
        "/recordings/sess_known/audio",
        "/recordings/rec_" + "x" * 10_000 + "/download",
        "/recordings/rec_known_mixed/audio/",
        "/recordings/rec_known_mixed/audio.exe",
        "/recordings/http://evil.example/audio",
        "/recordings/rec_x' OR '1'='1/row",
        "/wp-login.php",
    ],
)
@pytest.mark.parametrize("visitor", ["anonymous", "administrator"])
def test_a_strange_address_is_404_without_a_vendor_call(path, visitor, clients, call, vendor):
    vendor.requests.clear()

    answer = clients[visitor].get(path)

    assert answer.status_code == 404
    assert "Not found" in answer.text
    assert "evil.example" not in answer.text
    assert vendor.requests.count() == 0


@pytest.mark.parametrize("name", ["sess_KNOWN", "sess_Known"])
def test_ids_are_told_apart_by_case(name, clients, call):
    assert clients["reviewer"].get(f"/sessions/{name}/").status_code == 404
    assert clients["reviewer"].get(f"/sessions/{CALL}/").status_code == 200


@pytest.mark.parametrize("path", ["/", f"/sessions/{CALL}/", f"/sessions/{CALL}/recordings"])
def test_eleven_hundred_parameters_are_400(path, clients, call):
    answer = clients["reviewer"].get(path, {f"p{n}": "1" for n in range(1100)})

    assert answer.status_code == 400
    assert "Not understood" in answer.text


def test_eleven_hundred_fields_in_a_post_are_400(clients, call):
    answer = clients["reviewer"].post("/sessions/open", {f"p{n}": "1" for n in range(1100)})

    assert answer.status_code == 400


def test_a_body_beyond_the_limit_is_400(clients, vendor):
    answer = clients["reviewer"].post(
        "/sessions/open", "ids=" + "x" * (3 << 20), "application/x-www-form-urlencoded"
    )

    assert answer.status_code == 400


@pytest.mark.parametrize("host", ["evil.example", "testserver.evil.example", "a b", "testserver:x"])
def test_a_foreign_host_is_400(host, client, db):
    answer = client.get("/accounts/login/", headers={"host": host})

    assert answer.status_code == 400
    assert host not in answer.text


@pytest.mark.parametrize("header", ["X-Forwarded-Host", "X-Original-URL", "X-Rewrite-URL"])
def test_headers_that_would_move_a_request_are_ignored(header, client, db):
    answer = client.get("/", headers={header: "evil.example/admin"})

    assert answer.headers["Location"] == "/accounts/login/?next=/"


def test_a_zero_length_htmx_address_does_not_break_the_page(clients, call):
    for url in ("", "%00", "http://[", "x" * 9000):
        answer = clients["reviewer"].get(
            f"/sessions/{CALL}/recordings", headers={"HX-Request": "true", "HX-Current-URL": url}
        )
        assert answer.status_code == 200


# Logs


@pytest.fixture
def log_lines():
    """What the portal's own log handler writes, line by line."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(OneLineFormatter("{asctime} {levelname} {name}: {message}", style="{"))
    root = logging.getLogger()
    root.addHandler(handler)
    yield lambda: stream.getvalue().splitlines()
    root.removeHandler(handler)


@pytest.mark.parametrize("evil", ["a\r\n2026-01-01 INFO forged: line", "a\x1b[2Jb", "a\u2028b"])
def test_a_line_break_in_a_sign_in_name_stays_within_its_log_line(evil, client, db, log_lines):
    client.post("/accounts/login/", {"username": evil, "password": "wrong-password-in-log"})
    client.post("/accounts/login/", {"username": evil, "password": "wrong-password-in-log"})

    lines = log_lines()
    assert lines
    assert all((line[:2] == "20" and " axes" in line) or " django" in line for line in lines)
    assert not any(line.startswith("2026-01-01 INFO forged") for line in lines)
    assert "\x1b" not in "".join(lines)
    assert "wrong-password-in-log" not in "".join(lines)


def test_a_line_break_in_an_address_stays_within_its_log_line(client, db, log_lines):
    client.get("/x%0d%0a2026-01-01%20forged")

    assert len(log_lines()) == 1


def test_a_stack_trace_keeps_its_own_lines():
    try:
        raise ValueError("a\nb")
    except ValueError:
        record = logging.LogRecord(
            "x", 40, "", 1, "broken %s", ("a\nb",), __import__("sys").exc_info()
        )

    text = OneLineFormatter("{message}", style="{").format(record)

    assert text.startswith("broken a\\nb\nTraceback")
