"""Bodies, content types, query strings and cookies that cannot be read: a 400, never a 500."""

import logging
from itertools import product

import pytest
from django.contrib.auth import SESSION_KEY
from django.test import Client

from tests.conftest import PASSWORD
from tests.raw_requests import FORM, RawClient

LOGIN = "/accounts/login/"
NAME_AND_PASSWORD = b"username=rosa&password=wrong"
MULTIPART = "multipart/form-data; boundary=x"


def part(head: bytes, content: bytes = b"1") -> bytes:
    return b"--x\r\n" + head + b"\r\n\r\n" + content + b"\r\n--x--\r\n"


FILE = b'Content-Disposition: form-data; name="file"; filename="a.csv"'
UNREADABLE = {
    "utf-16": (f"{FORM}; charset=utf-16", NAME_AND_PASSWORD),
    "utf-16 twice": (f"{FORM}; charset=utf-16", "username=rosa".encode("utf-16")),
    "latin-1": (f"{FORM}; charset=latin-1", b"username=r\xf6sa"),
    "utf-7": (f"{FORM}; charset=utf-7", NAME_AND_PASSWORD),
    **{
        f"{kind} in {name}": (f"{kind}; charset={name}", body)
        for name in (
            "hex",
            "rot13",
            "undefined",
            "base64",
            "idna",
            "punycode",
            "nonsense",
            '"\xe4"',
        )
        for kind, body in (
            (FORM, NAME_AND_PASSWORD),
            (MULTIPART, part(b'Content-Disposition: form-data; name="username"')),
        )
    },
    "encoded charset with NUL": (f"{FORM}; charset*=utf-8''%00", NAME_AND_PASSWORD),
    "encoded charset, unknown": (f"{FORM}; charset*=nonsense''utf-8", NAME_AND_PASSWORD),
    "no boundary": ("multipart/form-data", b"--x--"),
    "bad boundary": ('multipart/form-data; boundary="\xe4"', b"--x--"),
    "bad base64": (MULTIPART, part(FILE + b"\r\nContent-Transfer-Encoding: base64", b"a")),
    "thousands of fields": (FORM, b"a=1&" * 1100),
    "thousands of parts": (
        MULTIPART,
        b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n' * 1100,
    ),
    "too long": (FORM, b"ids=" + b"x" * (3 << 20)),
    "too long in parts": (
        MULTIPART,
        part(b'Content-Disposition: form-data; name="ids"', b"x" * (3 << 20)),
    ),
}
# Readable at least in part, so it is for the view to refuse.
ODD = {
    "bad base64 in a field": part(
        b'Content-Disposition: form-data; name="username"\r\nContent-Transfer-Encoding: base64',
        b"a",
    ),
    "unknown encoding of a name": part(b"Content-Disposition: form-data; name*=nonsense''a"),
    "encoding that is no text": part(b"Content-Disposition: form-data; name*=hex''61"),
    "NUL as encoding": part(b"Content-Disposition: form-data; name*=%00''a"),
    "no value": part(b"Content-Disposition: form-data; name"),
    "no header": part(b""),
    "header without colon": part(b"Content-Disposition"),
    "charset that is none": part(FILE + b"\r\nContent-Type: text/csv; charset*=hex''61"),
    "broken off": b'--x\r\nContent-Disposition: form-data; name="ids"\r\n\r\nsess_',
    "empty": b"",
    "no part": b"junk",
}
BEHIND_THE_SIGN_IN = ["/sessions/open", "/exports/", "/", "/admin/"]
PATHS = [LOGIN, "/accounts/logout/", "/nowhere", *BEHIND_THE_SIGN_IN]


@pytest.fixture
def log_records():
    """What is logged meanwhile."""
    records = []

    class Keeper(logging.Handler):
        def emit(self, record):
            records.append(record)

    keeper = Keeper()
    logging.getLogger().addHandler(keeper)
    yield records
    logging.getLogger().removeHandler(keeper)


@pytest.fixture
def raw():
    return RawClient()


def traces(records):
    return [record for record in records if record.exc_info and record.levelno >= logging.ERROR]


def signed_in(client: Client) -> dict[str, str]:
    """The headers of that client's browser, with the token that a form needs."""
    token = "x" * 32
    return {
        "Cookie": f"sessionid={client.cookies['sessionid'].value}; csrftoken={token}",
        "X-CSRFToken": token,
    }


def test_an_unreadable_form_is_refused_with_one_line_of_log(raw, clients, log_records):
    everywhere = product(UNREADABLE, PATHS, ({}, signed_in(clients["lead"])))
    for kind, path, who in everywhere:
        content_type, body = UNREADABLE[kind]
        log_records.clear()
        answer = raw.send("POST", path, headers={"Content-Type": content_type, **who}, body=body)

        expected = 404 if path == "/nowhere" else 400
        if not who and path in BEHIND_THE_SIGN_IN:
            # The form of a stranger is not even read.
            expected = 302
        assert (kind, path, answer.status) == (kind, path, expected)
        assert b"<html" in answer.body or expected == 302
        assert len(log_records) == (expected != 302), (kind, path)
        assert not traces(log_records)


def test_odd_parts_of_a_form_leave_no_stack_trace(raw, clients, log_records):
    for kind, path, who in product(ODD, PATHS, ({}, signed_in(clients["lead"]))):
        headers = {"Content-Type": MULTIPART, **who}
        answer = raw.send("POST", path, headers=headers, body=ODD[kind])

        assert answer.status < 500, (kind, path)
    assert not traces(log_records)


@pytest.mark.parametrize("kind", ["hex", "undefined", "utf-16", "nonsense", "*=hex''a", "*=%00''a"])
def test_the_content_type_of_a_request_without_a_body_is_ignored(kind, raw, clients, log_records):
    charset = f"charset{kind}" if kind.startswith("*") else f"charset={kind}"
    headers = {"Content-Type": f"{FORM}; {charset}", **signed_in(clients["lead"])}

    assert raw.send("GET", "/", query="q=%C3%A4", headers=headers).status == 200
    assert raw.send("GET", "/nowhere", query="q=1", headers=headers).status == 404
    assert not traces(log_records)


def test_a_webhooks_body_is_read_by_its_view_alone(raw, db, log_records):
    for content_type in ("application/json", *(kind for kind, _ in UNREADABLE.values())):
        answer = raw.send(
            "POST", "/webhooks/kallglot", headers={"Content-Type": content_type}, body=b"{}"
        )
        assert answer.status == 400
        assert answer.body == b"This delivery is not accepted.\n"
    assert not traces(log_records)


def test_too_many_parameters_are_one_line_of_log(raw, clients, log_records):
    for path in ("/", "/nowhere", LOGIN):
        log_records.clear()
        answer = raw.send("GET", path, query="a=1&" * 1100, headers=signed_in(clients["lead"]))
        assert answer.status == 400
        assert len(log_records) == 1
        assert not traces(log_records)


@pytest.mark.parametrize(
    "name",
    [
        "charset=utf-8",
        "charset=UTF-8",
        "charset=utf8",
        'charset="utf-8"',
        "charset=us-ascii",
        "a=b",
    ],
)
def test_a_form_in_utf_8_is_read_however_that_is_spelt(name, raw, clients, person):
    person("rosa")
    token = "x" * 32
    answer = raw.send(
        "POST",
        LOGIN,
        headers={"Content-Type": f"{FORM}; {name}", "Cookie": f"csrftoken={token}"},
        body=f"username=rosa&password={PASSWORD}&csrfmiddlewaretoken={token}".encode(),
    )

    assert answer.status == 302


@pytest.mark.parametrize(
    "target",
    [
        LOGIN,
        f"{LOGIN}?next=/",
        f"{LOGIN}?next={LOGIN}",
        f"http://testserver{LOGIN}",
        "/accounts/logout/",
    ],
)
def test_the_sign_in_never_leads_back_to_itself(target, client, person, log_records):
    person("rosa")
    data = {"username": "rosa", "password": PASSWORD, "next": target}

    assert client.post(LOGIN, data).headers["Location"] == "/"
    assert client.get(LOGIN, {"next": target}).headers["Location"] == "/"
    assert not traces(log_records)


def test_a_nul_among_the_calls_of_an_export_chooses_nothing(clients):
    data = {"kind": "csv", "session": ["sess_a\x00", "\x00", "sess_x' OR 1=1"]}

    assert clients["lead"].post("/exports/", data).status_code == 422


# Cookies


@pytest.mark.parametrize(
    "blank", ["\u2000", "\u00a0", "\u1680", "\u3000", "\x85", "\x1c", "\x0b", "\x0c", "\ufeff"]
)
def test_a_cookie_name_counts_to_the_byte(blank, raw, clients, people):
    """A sibling host can plant such a cookie: to browsers its name has no protected prefix."""
    theirs = clients["administrator"].cookies["sessionid"].value
    planted = f"{blank}sessionid={theirs}".encode().decode("latin-1")

    assert raw.send("GET", "/", headers={"Cookie": planted}).status == 302
    for header in (f"{planted}; ", "{}; " + planted):
        own = signed_in(clients["reviewer"])["Cookie"]
        header = header.format(own) if "{}" in header else header + own
        answer = raw.send("GET", "/", headers={"Cookie": header})
        assert answer.status == 200
        assert b"reviewer" in answer.body
        assert b"administrator" not in answer.body


@pytest.mark.parametrize(
    "header", ["a=1;\t {} ; b=2", "{}", "=x; {}", "x; {}", "a b=1; {}", "\xff=1; {}", '{}; c="d;e"']
)
def test_cookies_among_odd_neighbours_are_found(header, raw, clients):
    session = clients["reviewer"].cookies["sessionid"].value

    answer = raw.send("GET", "/", headers={"Cookie": header.format(f"sessionid={session}")})

    assert answer.status == 200
    assert clients["reviewer"].session[SESSION_KEY]
