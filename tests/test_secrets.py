"""The API key, the secrets and the vendor's live credentials appear nowhere."""

import logging
from dataclasses import replace

import pytest
import requests
from django.conf import settings as portal_settings
from django.db import connection

from recordings.services import vendor as vendor_service
from recordings.simulator import make_call, noise
from tests.conftest import CALL, PASSWORD
from tests.factories import outdate


def dump() -> str:
    """Everything the database holds, as text."""
    rows = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')
            rows += [repr(row) for row in cursor.fetchall()]
    return "\n".join(rows)


@pytest.fixture
def secrets(vendor):
    return [vendor.key, portal_settings.SECRET_KEY, *portal_settings.KALLGLOT_WEBHOOK_SECRETS]


def test_the_stream_token_of_a_running_call_is_stored_nowhere(clients, vendor, caplog):
    caplog.set_level(logging.DEBUG)
    vendor.add_call(replace(make_call("sess_live"), status="active", ended_at=None))
    told = requests.get(f"{vendor.url}/sessions/sess_live", headers=vendor.auth, timeout=20).json()
    assert told["stream"]["token"]

    assert clients["lead"].post("/sessions/open", {"ids": "sess_live"}).status_code == 302
    page = clients["lead"].get("/sessions/sess_live/").text

    for secret in told["stream"].values():
        assert not any(str(secret) in place for place in (dump(), caplog.text, page))


@pytest.mark.parametrize(
    "kind", [None, "html_error", "invalid_json", "hang_up", "html_metadata", "redirect"]
)
def test_the_key_is_in_no_page_log_or_row(kind, clients, call, vendor, secrets, caplog):
    caplog.set_level(logging.DEBUG)
    outdate(call, minutes=11)
    if kind:
        vendor.faults.add(kind)
    texts = []
    for role in ("lead", "administrator"):
        outdate(call, minutes=11)
        texts.append(clients[role].get(f"/sessions/{CALL}/").text)
        texts.append(clients[role].get("/").text)
        texts.append(clients[role].post("/sessions/open", {"ids": "sess_other"}).text)
        texts.append(clients[role].get("/readyz").text)
    vendor.add_call(make_call("sess_more", {"mixed": noise(10)}))

    texts += [dump(), caplog.text]
    assert all(len(text) > 1 for text in texts)
    for secret in secrets:
        assert not any(secret in text for text in texts)
    assert "Bearer" not in "".join(texts)
    assert not any("http://127.0.0.1" in text for text in texts[:-1])


def test_a_password_is_in_no_log_or_row(client, person, caplog):
    caplog.set_level(logging.DEBUG)
    person("rosa")

    client.post("/accounts/login/", {"username": "rosa", "password": PASSWORD})
    client.post("/accounts/logout/")
    client.post("/accounts/login/", {"username": "rosa", "password": PASSWORD + "x"})

    assert PASSWORD not in dump()
    assert PASSWORD not in caplog.text


def test_the_key_is_not_in_the_text_of_the_client(vendor):
    assert vendor.key not in repr(vendor_service.client())
