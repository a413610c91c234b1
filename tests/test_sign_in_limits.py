"""What slows guessing of passwords down, and never the users whose passwords are guessed."""

from contextlib import ExitStack
from datetime import UTC, datetime, timedelta

import pytest
from axes.models import AccessAttempt, AccessLog
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.test import Client

from kallglot_portal import passwords
from recordings.roles import REVIEWER
from tests.conftest import PASSWORD
from tests.test_sign_in import WRONG, sign_in


@pytest.fixture
def rosa(person):
    return person("rosa", REVIEWER)


def at(number) -> Client:
    """A browser at an address of its own."""
    return Client(REMOTE_ADDR=f"203.0.113.{number}")


def test_many_names_from_one_address_pause_that_address(rosa):
    answers = [sign_in(at(1), f"name{n}", "wrong") for n in range(30)]

    assert [answer.status_code for answer in answers] == [200] * 20 + [429] * 10
    assert sign_in(at(1)).status_code == 429
    assert sign_in(at(2)).status_code == 302


def test_one_name_from_many_addresses_is_paused(rosa, person):
    person("leo", REVIEWER)
    answers = [sign_in(at(n), "rosa", "wrong") for n in range(30)]

    assert [answer.status_code for answer in answers] == [200] * 20 + [429] * 10
    assert sign_in(at(77)).status_code == 429
    assert sign_in(at(5), "leo").status_code == 302


def test_no_attack_locks_a_user_out_of_the_usual_address(rosa, person):
    person("leo", REVIEWER)
    for name in ("rosa", "leo"):
        assert sign_in(at(1), name).status_code == 302
    for n in range(2, 32):
        sign_in(at(n), "rosa", "wrong")
    for n in range(30):
        sign_in(at(1), f"name{n}", "wrong")

    assert sign_in(at(1), "rosa").status_code == 302
    assert sign_in(at(1), "leo").status_code == 302
    # Guessing there has the limit of the pair all the same.
    guesses = [sign_in(at(1), "leo", "wrong").status_code for _ in range(6)]
    assert guesses == [200, 200, 200, 200, 429, 429]


def test_an_address_is_usual_for_a_month(rosa):
    assert sign_in(at(1)).status_code == 302
    AccessLog.objects.update(attempt_time=datetime.now(UTC) - timedelta(days=31))
    for n in range(20):
        sign_in(at(1), f"name{n}", "wrong")

    assert sign_in(at(1)).status_code == 429


def test_tries_during_a_pause_do_not_prolong_it(rosa):
    for n in range(25):
        sign_in(at(1), f"name{n}", "wrong")
    assert AccessAttempt.objects.count() == 20


def test_a_password_of_a_megabyte_is_not_hashed(client, rosa, settings):
    rosa.set_password("x" * 1_000_000)
    rosa.save()

    answer = sign_in(client, password="x" * 1_000_000)

    assert answer.status_code == 200
    assert WRONG in answer.text
    with pytest.raises(ValidationError, match="at most 4096 characters"):
        validate_password("correct horse " * 300)


def test_sign_ins_wait_in_a_line_that_leaves_threads_for_pages(client, rosa, settings):
    most = settings.WEB_THREADS // 4
    with ExitStack() as others:
        for _ in range(most):
            others.enter_context(passwords.place_in_line())
        answer = sign_in(client)
        assert answer.status_code == 503
        assert answer.headers["Retry-After"] == "5"
        assert "Please try again" in answer.text
    assert sign_in(client).status_code == 302


def test_a_password_hashed_by_django_itself_goes_on_to_count(client, rosa, settings):
    rosa.password = PBKDF2PasswordHasher().encode(PASSWORD, "salt")
    rosa.save()
    settings.PASSWORD_HASHERS = ["kallglot_portal.passwords.OneAtATimeHasher"]

    assert sign_in(client, password="wrong").status_code == 200
    assert sign_in(client).status_code == 302
    rosa.refresh_from_db()
    assert rosa.password.startswith("pbkdf2_sha256$")
