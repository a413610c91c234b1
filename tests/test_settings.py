"""Settings from the environment: a bad one stops the start with a sentence that names it."""

import os
import re
import runpy
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from tests.project_checks import PRODUCTION

SETTINGS = Path("kallglot_portal/settings.py")
ROOMY = {"SECRET_KEY": "x" * 50}


@pytest.fixture
def read(monkeypatch):
    """Settings as a fresh process would read them: `read(PORT="8080")["PORT"]`."""

    def run(**environment):
        for name in names_in_source():
            monkeypatch.delenv(name, raising=False)
            monkeypatch.delenv(f"{name}_FILE", raising=False)
        for name, value in (ROOMY | environment).items():
            monkeypatch.setenv(name, value)
        return runpy.run_path(str(SETTINGS))

    return run


def names_in_source() -> set[str]:
    return set(re.findall(r'\benv\.\w+\(\s*"([A-Z_]+)"', SETTINGS.read_text()))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("KALLGLOT_API_KEY", "sk_live_with blank"),
        ("KALLGLOT_API_KEY", "sk_live_\nnewline"),
        ("KALLGLOT_API_KEY", "sk_live_ümlaut"),
        ("KALLGLOT_WEBHOOK_SECRET", "one, two"),
        ("KALLGLOT_API_URL", "http://api.kallglot.com/v1"),
        ("KALLGLOT_API_URL", "https://api.kallglot.com/v 1"),
        ("KALLGLOT_API_URL", "https://api.kallglot.com\t/v1"),
        ("KALLGLOT_API_URL", "https://api.k\u00e4llglot.com/v1"),
        ("KALLGLOT_API_URL", "ftp://api.kallglot.com/v1"),
        ("KALLGLOT_API_URL", "https:///v1"),
        ("KALLGLOT_API_URL", "https://user:word@api.kallglot.com/v1"),
        ("KALLGLOT_API_URL", "https://api.kallglot.com/v1?key=1"),
        ("KALLGLOT_API_URL", "https://api.kallglot.com:port/v1"),
        ("KALLGLOT_API_URL", "http://127.0.0.1.evil.example/v1"),
        ("KALLGLOT_MEDIA_HOSTS", "https://storage.example.com"),
        ("KALLGLOT_MEDIA_HOSTS", "storage.example.com/path"),
        ("SECRET_KEY", "short"),
        ("SECRET_KEY", ""),
        ("DEBUG", "maybe"),
        ("HTTPS", "perhaps"),
        ("PORT", "http"),
        ("PORT", "0"),
        ("PORT", "65536"),
        ("PORT", "80.5"),
        ("WEB_WORKERS", "0"),
        ("WEB_THREADS", "3"),
        ("WEB_THREADS", "1e3"),
        ("CSRF_TRUSTED_ORIGINS", "intranet.example"),
        ("TRUSTED_PROXIES", "10.0.0.0/33"),
        ("TRUSTED_PROXIES", "nginx"),
        ("DATABASE_URL", "nonsense"),
        ("DATABASE_URL", "oracle9://x/y"),
        ("PREFETCH_AUDIO", "yes"),
        ("SESSION_IDLE_MINUTES", "0"),
        ("SESSION_HOURS", "1000"),
        ("TIME_ZONE", "Mars/Phobos"),
    ],
)
def test_a_bad_value_names_the_setting_and_not_the_value(name, value, read):
    with pytest.raises(ImproperlyConfigured) as refusal:
        read(**{name: value})

    sentence = str(refusal.value)
    assert sentence.startswith(name)
    assert "\n" not in sentence
    if len(value) > 5:
        assert value not in sentence


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "portal.example.com", "::"])
def test_plain_http_is_for_this_machine_only(host, read):
    with pytest.raises(ImproperlyConfigured, match=r"^HTTPS=off is only for"):
        read(HTTPS="off", HOST=host)

    assert read(HTTPS="off", HOST="127.0.0.1")["SESSION_COOKIE_NAME"] == "sessionid"


@pytest.mark.parametrize(
    "address",
    ["https://api.kallglot.com/v1/", "http://127.0.0.1:8901/v1", "http://[::1]:8901/v1"],
)
def test_an_api_address_may_be_https_or_on_this_machine(address, read):
    assert read(KALLGLOT_API_URL=address)["KALLGLOT_API_URL"] == address.rstrip("/")


def test_without_any_setting_the_defaults_are_the_safe_ones(read):
    settings = read()

    assert settings["DEBUG"] is False
    assert settings["HTTPS"] is True
    assert settings["SESSION_COOKIE_NAME"] == "__Host-sessionid"
    assert settings["SECURE_HSTS_SECONDS"] == 63_072_000
    assert settings["KALLGLOT_API_URL"] == "https://api.kallglot.com/v1"
    assert settings["ALLOWED_HOSTS"] == ["localhost", "127.0.0.1", "[::1]"]
    assert settings["SESSION_IDLE"].total_seconds() == 3600


@pytest.mark.parametrize("name", ["KALLGLOT_API_KEY", "SECRET_KEY", "KALLGLOT_WEBHOOK_SECRET"])
def test_a_secret_may_come_from_a_file(name, read, tmp_path):
    file = tmp_path / "secret"
    file.write_text("s" * 60 + "\n")

    settings = read(**{f"{name}_FILE": str(file), "SECRET_KEY": ROOMY["SECRET_KEY"]})

    found = settings.get(name) or settings["KALLGLOT_WEBHOOK_SECRETS"][0]
    assert found == "s" * 60


def test_a_secrets_file_that_is_missing_names_the_setting(read, tmp_path):
    with pytest.raises(ImproperlyConfigured, match=r"^KALLGLOT_API_KEY must be"):
        read(KALLGLOT_API_KEY_FILE=str(tmp_path / "nothing"))


def test_sqlite_waits_for_its_turn_and_never_loses_a_write(read):
    database = read(DATABASE_URL="sqlite:////tmp/x.sqlite3")["DATABASES"]["default"]

    assert database["OPTIONS"]["transaction_mode"] == "IMMEDIATE"
    assert database["OPTIONS"]["timeout"] == 20
    assert "journal_mode=WAL" in database["OPTIONS"]["init_command"]


def test_postgres_is_taken_by_its_address(read):
    database = read(DATABASE_URL="postgres://me:word@db.example/portal")["DATABASES"]["default"]

    assert database["ENGINE"] == "django.db.backends.postgresql"
    assert database["NAME"] == "portal"
    assert "random_page_cost" in database["OPTIONS"]["options"]


def test_what_the_address_of_postgres_says_of_options_counts(read):
    address = "postgres://me:word@db.example/portal?options=-c%20jit%3Doff"

    options = read(DATABASE_URL=address)["DATABASES"]["default"]["OPTIONS"]

    assert options["options"] == "-c jit=off"
    assert options["pool"]


# Starting


def start(*command, **environment):
    bare = {
        k: v
        for k, v in os.environ.items()
        if k not in names_in_source() and not k.endswith("_FILE")
    }
    return subprocess.run(
        [sys.executable, *command],
        env=bare | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
    )


def test_a_command_with_a_bad_setting_ends_with_that_sentence_alone():
    run = start("manage.py", "check", **ROOMY, PORT="eighty")

    assert run.returncode != 0
    assert run.stderr == ("The portal cannot start: PORT must be a whole number from 1 to 65535.\n")


@pytest.mark.parametrize("command", ["check", "makemigrations", "migrate"])
def test_no_command_stumbles_over_a_missing_setting(command):
    settings = {k: v for k, v in PRODUCTION.items() if k != "SECRET_KEY"}

    run = start("manage.py", command, **settings)

    assert run.returncode == 1
    assert run.stderr.startswith("The portal cannot start: SECRET_KEY is missing")
    assert run.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("missing", "advice"),
    [
        ("SECRET_KEY", "50 or more random characters"),
        ("KALLGLOT_API_KEY", "sessions:read"),
        ("ALLOWED_HOSTS", "portal.example.com"),
    ],
)
def test_serving_without_a_needed_setting_says_what_to_put_there(missing, advice):
    settings = {k: v for k, v in PRODUCTION.items() if k != missing}

    run = start("-m", "kallglot_portal.launch", "serve", **settings)

    assert run.returncode == 2
    assert run.stderr.startswith(f"{missing} is not set: put ")
    assert advice in run.stderr
    assert run.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("name", "bad"),
    [
        ("REDIS_URL", "queue.example.com"),
        ("ALLOWED_HOSTS", "https://portal.example.com"),
        ("HOST", "999.1.1.1"),
    ],
)
def test_an_address_that_is_none_stops_the_start(name, bad, tmp_path):
    settings = PRODUCTION | {"DATABASE_URL": f"sqlite:///{tmp_path}/portal.sqlite3", name: bad}

    run = start("manage.py", "check", **settings)

    assert run.returncode != 0
    assert f"{name} must be" in run.stderr
    assert bad not in run.stderr
    assert "Traceback" not in run.stderr


def test_serving_with_a_bad_setting_says_so_in_one_sentence(tmp_path):
    database = f"sqlite:///{tmp_path}/portal.sqlite3"
    settings = PRODUCTION | {"DATABASE_URL": database, "TIME_ZONE": "Mars", "PORT": "0"}

    run = start("-m", "kallglot_portal.launch", "serve", **settings)

    assert run.returncode != 0
    assert "Traceback" not in run.stderr
    assert re.search(r"(PORT|TIME_ZONE) must be", run.stderr)


def test_a_taken_port_is_one_sentence():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        run = start("-m", "kallglot_portal.launch", "serve", **PRODUCTION, PORT=str(port))

    assert run.returncode == 2
    assert run.stderr.startswith(
        f"Port {port} on 127.0.0.1 cannot be used (Address already in use)"
    )
    assert run.stderr.count("\n") == 1


# Documentation


def test_every_setting_is_documented_and_every_documented_setting_exists():
    documented = set(re.findall(r"^\| `([A-Z_]+)` \|", Path("docs/settings.md").read_text(), re.M))

    assert documented == names_in_source()


def test_what_is_there_at_the_start_is_no_garbage_to_look_for():
    words = "import gc, kallglot_portal.wsgi; print(gc.get_freeze_count(), len(gc.get_objects()))"

    run = start("-c", words, **ROOMY)

    kept, looked_at = map(int, run.stdout.split())
    assert kept > 50_000 > 1_000 > looked_at
