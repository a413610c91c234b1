"""Headers, cookies and scripts, as a browser gets them under production settings."""

import base64
import hashlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings as portal_settings

from tests.conftest import CALL
from tests.factories import make_recording, make_session
from tests.pages import elements
from tests.project_checks import PRODUCTION

STATUSES = {
    "sign-in page": 200,
    "page": 200,
    "to sign-in": 302,
    "to https": 301,
    "htmx without sign-in": 401,
    "audio without sign-in": 401,
    "not allowed": 403,
    "not found": 404,
    "audio not found": 404,
    "wrong method": 405,
    "wrong method of a script": 405,
    "bad host": 400,
    "no token": 403,
    "too many fields": 400,
    "static file": 200,
    "static file missing": 404,
    "icon": 200,
    "health": 200,
    "readiness": 200,
    "signed in": 302,
    "signed out": 302,
    "admin": 404,
    "locked out": 429,
    "mistake": 500,
}
OVER_HTTP = ("to https", "health", "readiness")
STATIC = ("static file", "icon")
POLICY = {
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "media-src 'self'",
    "connect-src 'self'",
    "font-src 'self'",
    "manifest-src 'self'",
    "object-src 'none'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
}
ON_EVERY_ANSWER = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-embedder-policy": "require-corp",
    "cross-origin-resource-policy": "same-origin",
    "x-permitted-cross-domain-policies": "none",
    "integrity-policy": "blocked-destinations=(script)",
}
TEMPLATES = sorted(Path("templates").rglob("*.html"))


@pytest.fixture(scope="session")
def production(tmp_path_factory):
    """One answer of each kind, made by a process with production settings."""
    scratch = tmp_path_factory.mktemp("production")
    environment = os.environ | PRODUCTION
    environment |= {
        "ALLOWED_HOSTS": "testserver",
        "DATABASE_URL": f"sqlite:///{scratch}/portal.sqlite3",
        "AUDIO_DIR": f"{scratch}/audio",
        "TEST_STATIC_ROOT": str(portal_settings.STATIC_ROOT),
    }
    run = subprocess.run(
        [sys.executable, "-m", "tests.production"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
    )
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


@pytest.mark.parametrize("kind", STATUSES)
def test_every_kind_of_answer_carries_the_headers(kind, production):
    answer = production[kind]

    assert answer["status"] == STATUSES[kind]
    headers = answer["headers"]
    assert {name: headers.get(name) for name in ON_EVERY_ANSWER} == ON_EVERY_ANSWER
    assert set(headers["content-security-policy"].split("; ")) == POLICY
    assert "camera=()" in headers["permissions-policy"]
    assert "access-control-allow-origin" not in headers
    assert "server" not in headers
    if kind not in OVER_HTTP:
        wanted = "max-age=63072000; includeSubDomains; preload"
        assert headers["strict-transport-security"] == wanted
    if kind not in STATIC:
        assert "no-store" in headers["cache-control"]


@pytest.mark.parametrize("kind", STATUSES)
def test_no_answer_tells_anything_of_the_inside(kind, production):
    body = production[kind]["body"]

    for word in ("Traceback", "Django", "sqlite", PRODUCTION["SECRET_KEY"]):
        assert word not in body
    assert PRODUCTION["KALLGLOT_API_KEY"] not in body


def test_plain_http_leads_to_https(production):
    assert production["to https"]["headers"]["location"] == "https://testserver/accounts/login/"


def test_static_files_are_kept_for_ever_under_names_with_a_checksum(production):
    assert production["static file"]["headers"]["cache-control"] == (
        "max-age=315360000, public, immutable"
    )


@pytest.mark.parametrize(
    "kind", ["not found", "bad host", "too many fields", "mistake", "no token"]
)
def test_an_error_is_a_page_with_a_way_out(kind, production):
    assert '<a class="button" href="/">' in production[kind]["body"]


def test_cookies_are_bound_to_the_host_and_to_https(production):
    session = production["signed in"]["cookies"]["__Host-sessionid"]
    token = production["sign-in page"]["cookies"]["__Host-csrftoken"]

    for cookie in (session, token):
        assert "Secure" in cookie
        assert "Path=/" in cookie
        assert "SameSite=Lax" in cookie
        assert "Domain" not in cookie
    assert "HttpOnly" in session
    assert "Max-Age=43200" in session


def test_signing_out_tells_the_browser_to_forget(production):
    signed_out = production["signed out"]

    assert signed_out["headers"]["clear-site-data"] == '"cache", "storage"'
    assert "Max-Age=0" in signed_out["cookies"]["__Host-sessionid"]
    assert "clear-site-data" not in production["signed in"]["headers"]


def test_a_lock_out_says_how_long(production):
    assert int(production["locked out"]["headers"]["retry-after"]) <= 30 * 60


# Scripts


@pytest.mark.parametrize("path", ["/", f"/sessions/{CALL}/", "/accounts/login/", "/nowhere"])
def test_every_script_is_our_own_and_carries_its_right_checksum(path, clients, vendor):
    make_recording(make_session(CALL))
    visitor = "anonymous" if "login" in path else "lead"

    page = clients[visitor].get(path).text

    scripts = [attributes for name, attributes in elements(page) if name == "script"]
    assert len(scripts) >= 2
    for script in scripts:
        assert script["src"].startswith("/static/")
        file = Path(portal_settings.STATIC_ROOT) / script["src"].removeprefix("/static/")
        digest = base64.b64encode(hashlib.sha384(file.read_bytes()).digest()).decode()
        assert script["integrity"] == f"sha384-{digest}"


def test_every_module_has_an_element_before_those_that_import_it(clients, db):
    page = elements(clients["lead"].get("/").text)
    modules = [
        attributes["src"]
        for name, attributes in page
        if name == "script" and attributes.get("type") == "module"
    ]
    assert modules[-1].startswith("/static/js/player/main.")

    for address in modules:
        file = Path(portal_settings.STATIC_ROOT) / address.removeprefix("/static/")
        folder = address.rpartition("/")[0]
        for imported in re.findall(r"""["']\./([^"']+\.js)["']""", file.read_text()):
            assert modules.index(f"{folder}/{imported}") < modules.index(address)
    # Each is there under its plain name and its hashed one.
    own = Path(portal_settings.STATIC_ROOT, "js/player").glob("*.js")
    assert len(modules) == len(list(own)) / 2


def test_the_administration_runs_its_scripts_which_have_no_checksums(clients):
    answer = clients["administrator"].get("/admin/auth/user/")

    assert "<script" in answer.text
    assert "Integrity-Policy" not in answer.headers


@pytest.mark.parametrize("template", TEMPLATES, ids=str)
def test_no_template_has_inline_code_or_looks(template):
    source = template.read_text()

    assert not re.search(r"<script(?![^>]*\bsrc=)", source)
    assert "<style" not in source
    assert not re.search(r"\s(on[a-z]+|style|hx-on[\w:-]*)\s*=", source)
    assert not re.search(r"""["']\s*(javascript|js):""", source)
    assert "|safe" not in source
    assert "autoescape off" not in source
    assert not re.search(r"""(src|href)\s*=\s*["'](https?:)?//""", source)


def test_htmx_is_configured_strictly(clients, db):
    page = clients["anonymous"].get("/accounts/login/").text
    (config,) = (a for n, a in elements(page) if n == "meta" and a.get("name") == "htmx-config")

    assert json.loads(config["content"]) == {
        "allowEval": False,
        "allowScriptTags": False,
        "includeIndicatorStyles": False,
        "selfRequestsOnly": True,
        "historyCacheSize": 0,
        "historyRestoreAsHxRequest": False,
        "defaultSettleDelay": 0,
    }


def test_htmx_sends_the_token_in_a_header(clients, db):
    page = clients["reviewer"].get("/").text
    (body,) = (attributes for name, attributes in elements(page) if name == "body")

    assert len(json.loads(body["hx-headers"])["X-CSRFToken"]) == 64
