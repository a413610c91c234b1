"""Signing in and out: limits, ways back, and what ends a session."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from axes.models import AccessAttempt
from django.test import Client

from kallglot_portal.middleware import SIGNED_IN
from recordings.roles import REVIEWER
from tests.conftest import PASSWORD

LOGIN = "/accounts/login/"
LOGOUT = "/accounts/logout/"
WRONG = "This name and password do not match."


def sign_in(client, name="rosa", password=PASSWORD, next_page="", **headers):
    data = {"username": name, "password": password, "next": next_page}
    return client.post(LOGIN, data, headers=headers or None)


@pytest.fixture
def rosa(person):
    return person("rosa", REVIEWER)


def without_tokens(answer):
    return re.sub(r'(csrfmiddlewaretoken" value=|X-CSRFToken": )"[^"]*"', "", answer.text)


def test_the_right_password_leads_to_the_library(client, rosa):
    answer = sign_in(client)

    assert answer.status_code == 302
    assert answer.headers["Location"] == "/"
    assert client.get("/").status_code == 200


def test_a_wrong_password_says_the_same_whether_the_name_exists_or_not(client, rosa, person):
    ended = person("ended", REVIEWER)
    ended.is_active = False
    ended.save()

    known = sign_in(client, "rosa", "wrong")
    unknown = sign_in(client, "nobody", "wrong")
    deactivated = sign_in(client, "ended", PASSWORD)

    for answer in (known, unknown, deactivated):
        assert answer.status_code == 200
        assert WRONG in answer.text
    assert (
        without_tokens(known).replace("rosa", "")
        == without_tokens(unknown).replace("nobody", "")
        == without_tokens(deactivated).replace("ended", "")
    )


@pytest.mark.parametrize("name", ["rosa", "nobody"])
def test_five_wrong_passwords_lock_the_name_for_half_an_hour(name, client, rosa):
    answers = [sign_in(client, name, "wrong") for _ in range(5)]

    assert [answer.status_code for answer in answers] == [200, 200, 200, 200, 429]
    assert "Sign-in paused" in answers[4].text
    assert answers[4].headers["Retry-After"] == "1800"
    # The right password does not help now.
    locked = sign_in(client, name)
    assert locked.status_code == 429
    assert "__Host-sessionid" not in locked.cookies
    assert client.get("/").status_code == 302


def test_the_lock_ends_after_half_an_hour(client, rosa):
    for _ in range(5):
        sign_in(client, password="wrong")
    AccessAttempt.objects.update(attempt_time=datetime.now(UTC) - timedelta(minutes=31))

    assert sign_in(client).status_code == 302


def test_a_lock_is_for_one_name_from_one_address(client, rosa, person, settings):
    person("leo", REVIEWER)
    for _ in range(5):
        sign_in(client, password="wrong")

    assert sign_in(client, "leo").status_code == 302
    assert sign_in(Client(REMOTE_ADDR="203.0.113.9")).status_code == 302


def test_signing_in_forgets_earlier_wrong_passwords(rosa):
    for _ in range(2):
        for _ in range(4):
            assert sign_in(Client(), password="wrong").status_code == 200
        assert sign_in(Client()).status_code == 302


@pytest.mark.parametrize(
    ("proxies", "peer", "forwarded", "counted"),
    [
        ([], "10.0.0.7", "203.0.113.9", "10.0.0.7"),
        (["10.0.0.7"], "10.0.0.7", "203.0.113.9", "203.0.113.9"),
        (["10.0.0.0/24"], "10.0.0.7", "6.6.6.6, 203.0.113.9, 10.0.0.8", "203.0.113.9"),
        (["10.0.0.7"], "192.0.2.1", "203.0.113.9", "192.0.2.1"),
        (["10.0.0.7"], "10.0.0.7", "203.0.113.9, nonsense", "10.0.0.7"),
        (["10.0.0.7"], "10.0.0.7", "", "10.0.0.7"),
        # A provider gives its customer a network, not one address.
        (["10.0.0.7"], "10.0.0.7", "2001:db8:0:1:2::9", "2001:db8:0:1::"),
        (["10.0.0.7"], "10.0.0.7", "::ffff:203.0.113.9", "203.0.113.9"),
        (["10.0.0.7"], "10.0.0.7", "203.0.113.9\r\nX: y", "10.0.0.7"),
    ],
)
def test_the_address_is_the_visitors_own_behind_our_proxies_only(
    proxies, peer, forwarded, counted, rosa, settings
):
    settings.TRUSTED_PROXIES = proxies
    client = Client(REMOTE_ADDR=peer)

    sign_in(client, password="wrong", X_Forwarded_For=forwarded)

    assert AccessAttempt.objects.get().ip_address == counted


@pytest.mark.parametrize(
    ("wanted", "led_to"),
    [
        ("/sessions/sess_x/?channel=agent", "/sessions/sess_x/?channel=agent"),
        ("https://evil.example/", "/"),
        ("http://testserver:81/", "/"),
        ("//evil.example", "/"),
        ("///evil.example", "/"),
        ("/\\evil.example", "/"),
        ("\\\\evil.example", "/"),
        ("https:evil.example", "/"),
        ("https:/evil.example", "/"),
        ("https://testserver@evil.example/", "/"),
        ("javascript:alert(1)", "/"),
        (" //evil.example", "/"),
        (" https://evil.example", "/"),
        ("\t//evil.example", "/"),
        ("/\t/evil.example", "/"),
        ("ftp://testserver/", "/"),
        ("", "/"),
    ],
)
def test_signing_in_never_leads_elsewhere(wanted, led_to, client, rosa):
    assert sign_in(client, next_page=wanted).headers["Location"] == led_to
    # Signed in already: the same rule for the address line.
    assert client.get(LOGIN, {"next": wanted}).headers["Location"] == led_to


def test_a_next_page_cannot_add_a_header(client, rosa):
    answer = sign_in(client, next_page="/x\r\nSet-Cookie: a=b")

    assert "Set-Cookie" not in answer.headers
    assert "\n" not in answer.headers["Location"]


def test_signing_in_makes_a_new_session_key_and_signing_out_kills_it(client, rosa):
    client.get(LOGIN)
    client.cookies["sessionid"] = "a" * 32
    sign_in(client)
    key = client.cookies["sessionid"].value
    assert key != "a" * 32

    answer = client.post(LOGOUT)
    assert answer.status_code == 302
    assert answer.headers["Location"] == LOGIN

    thief = Client()
    thief.cookies["sessionid"] = key
    assert thief.get("/").status_code == 302


def test_signing_out_twice_is_no_reason_for_a_password(client, rosa):
    sign_in(client)
    client.post(LOGOUT)

    assert client.post(LOGOUT).headers["Location"] == LOGIN


def test_a_new_password_ends_other_sessions(client, rosa):
    sign_in(client)
    rosa.set_password("another-long-password")
    rosa.save()

    assert client.get("/").status_code == 302


def test_a_deactivated_person_is_out_with_the_next_request(client, rosa):
    sign_in(client)
    rosa.is_active = False
    rosa.save()

    assert client.get("/").status_code == 302
    assert client.get("/recordings/rec_x/audio").status_code == 401


def rewind(client, **values):
    session = client.session
    session.update(values)
    session.save()


def test_an_hour_without_a_request_signs_out(client, rosa, settings):
    sign_in(client)
    client.get("/")
    now = datetime.now(UTC).timestamp()

    rewind(client, last_seen_at=now - settings.SESSION_IDLE.total_seconds() + 60)
    assert client.get("/").status_code == 200
    rewind(client, last_seen_at=now - settings.SESSION_IDLE.total_seconds() - 60)
    assert client.get("/").status_code == 302
    assert client.get("/").status_code == 302


def test_twelve_hours_after_the_password_it_ends_however_busy(client, rosa, settings):
    sign_in(client)
    now = datetime.now(UTC).timestamp()

    rewind(client, last_seen_at=now, **{SIGNED_IN: now - 12 * 3600 + 60})
    assert client.get("/").status_code == 200
    rewind(client, last_seen_at=now, **{SIGNED_IN: now - 12 * 3600 - 60})
    assert client.get("/").status_code == 302


def test_every_request_counts_against_idling(client, rosa):
    sign_in(client)
    ago = datetime.now(UTC).timestamp() - 3000
    rewind(client, last_seen_at=ago)

    client.get("/recordings/rec_x/audio")

    assert client.session["last_seen_at"] > ago + 2900


@pytest.mark.parametrize(
    "cookie",
    [
        "junk",
        "a" * 32,
        "../../etc/passwd",
        "%00",
        # Sent as "\\000aaa…", and no text for PostgreSQL.
        "\x00" + "a" * 31,
        "x" * 5000,
        "é",
        "a;b",
        "",
    ],
)
def test_a_junk_cookie_is_nobody(cookie, client, db):
    client.cookies["sessionid"] = cookie

    assert client.get("/").status_code == 302
    assert client.get(LOGIN).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [{}, {"HX-Request": "true"}, {"Origin": "null"}, {"Origin": "https://evil.example"}],
    ids=str,
)
@pytest.mark.parametrize("path", [LOGIN, LOGOUT, "/sessions/open", "/sessions/sess_x/refresh"])
def test_a_post_without_a_token_is_refused(path, headers, rosa):
    client = Client(enforce_csrf_checks=True)
    client.force_login(rosa)

    answer = client.post(path, {"username": "rosa", "password": PASSWORD}, headers=headers)

    assert answer.status_code == 403
    assert "nothing was changed" in answer.text
    assert ("<html" in answer.text) == ("HX-Request" not in headers)


def test_a_foreign_origin_is_refused_although_the_token_is_right(rosa):
    client = Client(enforce_csrf_checks=True)
    client.get(LOGIN)
    token = client.cookies["csrftoken"].value

    answer = client.post(
        LOGIN,
        {"username": "rosa", "password": PASSWORD, "csrfmiddlewaretoken": token},
        headers={"Origin": "https://evil.example"},
    )

    assert answer.status_code == 403
