"""Who gets what: every address, for every kind of visitor, with and without htmx.

The matrix is written out by hand on purpose. A new address that is not in it fails a test.
"""

import re
from dataclasses import dataclass
from urllib.parse import unquote
from uuid import uuid4

import pytest
from django.test import Client

from recordings import urls as portal_urls
from recordings.models import AuditEvent, Note, Recording, Transcript
from recordings.roles import REVIEWER
from tests.conftest import CALL

REC = "rec_known_mixed"
VISITORS = ("anonymous", "deactivated", "stranger", "reviewer", "lead", "administrator")
TO_SIGN_IN = 302
FILE = (401, 401, 404, 403, 200, 200)
PLACE = {"second": "3.5", "channel": "agent", "heard": "0-3"}
ZIP = {"kind": "zip", "session": CALL}
NOTE = {"start": "3.5", "text": "Listen here."}
RESOLVED = {"resolved": "1"}


@dataclass(frozen=True)
class Row:
    """An address and what each of VISITORS gets, in that order."""

    name: str
    method: str
    path: str
    answers: tuple[int, ...]
    data: dict | None = None


MATRIX = [
    Row("library", "get", "/", (302, 302, 403, 200, 200, 200)),
    Row("open-calls", "post", "/sessions/open", (302, 302, 403, 302, 302, 302), {"ids": CALL}),
    Row("session", "get", f"/sessions/{CALL}/", (302, 302, 404, 200, 200, 200)),
    Row("call-row", "get", f"/sessions/{CALL}/line", (302, 302, 404, 200, 200, 200)),
    Row("recordings", "get", f"/sessions/{CALL}/recordings", (302, 302, 404, 200, 200, 200)),
    Row("refresh-session", "post", f"/sessions/{CALL}/refresh", (302, 302, 404, 302, 302, 302)),
    Row("transcript", "get", f"/sessions/{CALL}/transcript", (302, 302, 404, 200, 200, 200)),
    Row("transcript-file", "get", f"/sessions/{CALL}/transcript.vtt", FILE),
    Row("recording-row", "get", f"/recordings/{REC}/row", (302, 302, 404, 200, 200, 200)),
    Row("audio", "get", f"/recordings/{REC}/audio", (401, 401, 404, 200, 200, 200)),
    Row("audio.mp3", "get", f"/recordings/{REC}/audio.mp3", (401, 401, 404, 200, 200, 200)),
    Row("audio.wav", "get", f"/recordings/{REC}/audio.wav", (401, 401, 404, 200, 200, 200)),
    Row("download", "get", f"/recordings/{REC}/download", (401, 401, 404, 403, 200, 200)),
    Row("waveform", "get", f"/recordings/{REC}/waveform", (401, 401, 404, 202, 202, 202)),
    Row("listening", "get", f"/sessions/{CALL}/listening", (401, 401, 404, 200, 200, 200)),
    Row(
        "listening: keep",
        "post",
        f"/sessions/{CALL}/listening",
        (401, 401, 404, 204, 204, 204),
        PLACE,
    ),
    Row("neighbours", "get", f"/sessions/{CALL}/neighbours", (401, 401, 404, 200, 200, 200)),
    Row("notes", "get", f"/sessions/{CALL}/notes", (302, 302, 404, 200, 200, 200)),
    Row("notes: add", "post", f"/sessions/{CALL}/notes", (302, 302, 404, 302, 302, 302), NOTE),
    # A note of the call's other reviewer.
    Row("edit-note", "post", "/notes/77", (302, 302, 404, 403, 403, 403), NOTE),
    Row("delete-note", "post", "/notes/77/delete", (302, 302, 404, 403, 302, 302)),
    Row("resolve-note", "post", "/notes/77/resolve", (302, 302, 404, 302, 302, 302), RESOLVED),
    Row("imports", "get", "/imports/", (302, 302, 403, 200, 200, 200)),
    Row("import", "get", "/imports/1/", (302, 302, 403, 404, 404, 404)),
    Row("import-progress", "get", "/imports/1/progress", (302, 302, 403, 404, 404, 404)),
    Row("stop-import", "post", "/imports/1/stop", (302, 302, 403, 404, 404, 404)),
    Row("exports", "get", "/exports/", (302, 302, 403, 403, 200, 200)),
    Row("exports: ask", "post", "/exports/", (302, 302, 403, 403, 302, 302), ZIP),
    Row("export", "get", "/exports/1/", (302, 302, 403, 403, 404, 404)),
    Row("export-progress", "get", "/exports/1/progress", (302, 302, 403, 403, 404, 404)),
    Row("export-download", "get", "/exports/1/download", (401, 401, 403, 403, 404, 404)),
    Row("login", "get", "/accounts/login/", (200, 200, 302, 302, 302, 302)),
    Row("logout", "post", "/accounts/logout/", (302, 302, 302, 302, 302, 302)),
    # Unsigned; who signs in counts for nothing here.
    Row("webhooks", "post", "/webhooks/kallglot", (400, 400, 400, 400, 400, 400)),
    Row("healthz", "get", "/healthz", (200, 200, 200, 200, 200, 200)),
    Row("readyz", "get", "/readyz", (200, 200, 200, 200, 200, 200)),
    Row("admin", "get", "/admin/", (302, 302, 404, 404, 404, 200)),
    Row("admin people", "get", "/admin/auth/user/", (302, 302, 404, 404, 404, 200)),
    Row("admin sign-in", "get", "/admin/login/", (302, 302, 302, 302, 302, 302)),
]
BY_VISITOR = [
    pytest.param(row, visitor, status, id=f"{row.name}-{visitor}")
    for row in MATRIX
    for visitor, status in zip(VISITORS, row.answers, strict=True)
]
# What a request without a sign-in leaves a row for.
FILES = (
    *("audio", "audio.mp3", "audio.wav", "download", "waveform"),
    *("transcript-file", "export-download"),
)
PAGES = [
    row
    for row in MATRIX
    if row.answers[0] == TO_SIGN_IN and row.name not in ("logout", "admin sign-in")
]


@pytest.fixture
def visitor_client(clients, person):
    """Signs a visitor in: `visitor_client("lead")`; `deactivated` was a reviewer until just now."""

    def sign_in(visitor):
        if visitor != "deactivated":
            return clients[visitor]
        user = person("deactivated", REVIEWER)
        client = Client()
        client.force_login(user)
        user.is_active = False
        user.save()
        return client

    return sign_in


@pytest.fixture(autouse=True)
def words(request):
    """Something was said in the known call, and somebody else has left a note on it."""
    if "call" in request.fixturenames:
        call = request.getfixturevalue("call")
        Transcript.objects.get(session=call).turns.create(position=1, text="Hello.")
        Note.objects.create(pk=77, session=call, author_name="rosa", start=1, text="!", key=uuid4())


def _name(visitor: str) -> str:
    return "" if visitor in ("anonymous", "deactivated") else visitor


def ask(client, row, **headers):
    answer = getattr(client, row.method)(row.path, row.data or {}, headers=headers or None)
    if answer.streaming:
        # Read to its end, as a browser would; nothing stays open behind the test.
        b"".join(answer.streaming_content)
    return answer


def test_every_address_is_in_the_matrix():
    named = {pattern.name for pattern in portal_urls.urlpatterns if pattern.name}
    spelt = {pattern.pattern._route for pattern in portal_urls.urlpatterns}

    assert named <= {row.name for row in MATRIX}
    for route in spelt:
        shape = re.compile(re.sub(r"<[^>]+>", "[^/]+", re.escape(route).replace(r"\<", "<")))
        assert any(shape.fullmatch(row.path.lstrip("/")) for row in MATRIX), route


@pytest.mark.parametrize(("row", "visitor", "status"), BY_VISITOR)
def test_visitor_gets_what_the_matrix_says(row, visitor, status, visitor_client, call):
    answer = ask(visitor_client(visitor), row)

    assert answer.status_code == status
    # Each refusal has its row in the audit trail, and nothing else has one.
    refused = status in (403, 404) or (status == 401 and row.name in FILES)
    events = AuditEvent.objects.filter(outcome="refused")
    assert [event.user_name for event in events] == [_name(visitor)] * refused
    if status == TO_SIGN_IN and visitor in ("anonymous", "deactivated") and row in PAGES:
        assert answer.headers["Location"].startswith("/accounts/login/")


@pytest.mark.parametrize("row", PAGES, ids=lambda row: row.name)
@pytest.mark.parametrize("visitor", ["anonymous", "deactivated"])
def test_htmx_without_sign_in_is_401_and_leads_to_the_form(row, visitor, visitor_client, call):
    here = f"http://testserver/sessions/{CALL}/?channel=agent"

    answer = ask(visitor_client(visitor), row, HX_Request="true", HX_Current_URL=here)

    assert answer.status_code == 401
    target = f"/accounts/login/?next=/sessions/{CALL}/?channel=agent"
    assert unquote(answer.headers["HX-Redirect"]) == target
    assert answer.content == b"Please sign in."


@pytest.mark.parametrize("here", ["https://evil.example/x", "//evil.example", "javascript:1", ""])
def test_a_foreign_current_address_is_never_the_way_back(here, clients):
    answer = clients["anonymous"].get("/", headers={"HX-Request": "true", "HX-Current-URL": here})

    assert answer.headers["HX-Redirect"] == "/accounts/login/?next=/"


@pytest.mark.parametrize("row", [row for row in PAGES if row.method == "get"], ids=lambda r: r.name)
@pytest.mark.parametrize("visitor", ["stranger", "reviewer"])
def test_rights_are_the_same_with_htmx(row, visitor, visitor_client, call):
    plain = ask(visitor_client(visitor), row).status_code

    assert ask(visitor_client(visitor), row, HX_Request="true").status_code == plain


def test_signing_in_leads_back_to_the_page(clients):
    answer = clients["anonymous"].get(f"/sessions/{CALL}/?channel=agent")

    target = f"/accounts/login/?next=/sessions/{CALL}/?channel=agent"
    assert unquote(answer.headers["Location"]) == target


@pytest.mark.parametrize("path", ["/sessions/open", f"/sessions/{CALL}/refresh"])
def test_signing_in_never_leads_back_to_an_address_that_only_takes_posts(path, clients):
    came_from = f"http://testserver/sessions/{CALL}/"

    bare = clients["anonymous"].post(path, {"ids": CALL})
    from_page = clients["anonymous"].post(path, {"ids": CALL}, headers={"Referer": came_from})

    assert bare.headers["Location"] == "/accounts/login/?next=/"
    assert from_page.headers["Location"] == f"/accounts/login/?next=/sessions/{CALL}/"


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("post", "/", "GET, HEAD"),
        ("delete", "/", "GET, HEAD"),
        ("get", "/sessions/open", "POST"),
        ("put", f"/sessions/{CALL}/", "GET, HEAD"),
        ("post", f"/sessions/{CALL}/recordings", "GET, HEAD"),
        ("get", f"/sessions/{CALL}/refresh", "POST"),
        ("post", f"/recordings/{REC}/row", "GET, HEAD"),
        ("post", f"/recordings/{REC}/audio", "GET, HEAD"),
        ("put", f"/recordings/{REC}/audio", "GET, HEAD"),
        ("delete", f"/recordings/{REC}/download", "GET, HEAD"),
        ("post", f"/recordings/{REC}/waveform", "GET, HEAD"),
        ("put", f"/sessions/{CALL}/listening", "GET, HEAD, POST"),
        ("put", f"/sessions/{CALL}/notes", "GET, HEAD, POST"),
        ("get", "/notes/77", "POST"),
        ("get", "/notes/77/delete", "POST"),
        ("get", "/notes/77/resolve", "POST"),
        ("trace", "/", "GET, HEAD"),
        ("post", "/healthz", "GET, HEAD"),
        ("post", "/readyz", "GET, HEAD"),
        ("get", "/accounts/logout/", "POST"),
    ],
)
def test_wrong_method_is_405_and_names_the_right_ones(method, path, allowed, clients, call):
    answer = getattr(clients["administrator"], method)(path)

    assert answer.status_code == 405
    assert answer.headers["Allow"] == allowed


def test_a_get_never_signs_out(clients):
    assert clients["reviewer"].get("/accounts/logout/").status_code == 405
    assert clients["reviewer"].get("/").status_code == 200


def test_a_method_override_is_ignored(clients, call):
    answer = clients["lead"].post(
        "/sessions/open",
        {"ids": CALL, "_method": "DELETE"},
        headers={"X-HTTP-Method-Override": "DELETE"},
    )

    assert answer.status_code == 302
    assert Recording.objects.filter(session=call).count() == 3


def test_a_role_taken_away_counts_with_the_next_request(clients, people, call):
    client = clients["reviewer"]
    assert client.get(f"/sessions/{CALL}/").status_code == 200

    people["reviewer"].groups.clear()

    assert client.get(f"/recordings/{REC}/audio").status_code == 404
    assert client.get("/").status_code == 403


def test_a_team_joined_or_left_counts_with_the_next_request(clients, people, other_team, call):
    call.team = other_team
    call.save()
    client = clients["reviewer"]
    assert client.get(f"/sessions/{CALL}/").status_code == 404

    other_team.members.add(people["reviewer"])
    assert client.get(f"/sessions/{CALL}/").status_code == 200

    other_team.members.clear()
    assert client.get(f"/sessions/{CALL}/").status_code == 404
    assert client.get(f"/recordings/{REC}/audio").status_code == 404


def test_only_administrators_see_what_is_wrong_in_readyz(clients, db):
    assert clients["reviewer"].get("/readyz").json().keys() == {"status"}
    assert clients["anonymous"].get("/readyz").json().keys() == {"status"}
    assert clients["administrator"].get("/readyz").json()["checks"].keys() == {
        "database",
        "disk",
        "vendor",
        "worker",
    }
