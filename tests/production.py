"""`python -m tests.production`: one answer of each kind under production settings, as JSON.

A process of its own, because what HTTPS=on means is decided once, when settings are read.
"""

import json
import os
import sys

# Before Django looks for its settings.
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kallglot_portal.settings")

import django
from django.conf import settings


def main() -> None:
    settings.STATIC_ROOT = os.environ["TEST_STATIC_ROOT"]
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.LOGGING["root"]["level"] = "CRITICAL"
    django.setup()

    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    json.dump({kind: _told(answer) for kind, answer in _answers().items()}, sys.stdout)


def _answers():
    from django.contrib.auth import get_user_model
    from django.contrib.auth.models import Group
    from django.contrib.staticfiles.storage import staticfiles_storage
    from django.db import connection
    from django.test import Client

    def person(name, group=None):
        user = get_user_model().objects.create_user(name, password="correct-horse-battery")
        if group:
            user.groups.add(Group.objects.get(name=group))
        client = Client(raise_request_exception=False)
        client.force_login(user)
        return client

    https = {"secure": True}
    visitor = Client(raise_request_exception=False, enforce_csrf_checks=True)
    open_visitor = Client()
    reviewer, stranger = person("rosa", "Reviewer"), person("sam")
    sign_in = {"username": "rosa", "password": "correct-horse-battery"}
    wrong = {"username": "nobody", "password": "wrong"}
    answers = {
        "sign-in page": visitor.get("/accounts/login/", **https),
        "page": reviewer.get("/", **https),
        "to sign-in": visitor.get("/", **https),
        "to https": visitor.get("/accounts/login/"),
        "htmx without sign-in": visitor.get("/", headers={"HX-Request": "true"}, **https),
        "audio without sign-in": visitor.get("/recordings/rec_x/audio", **https),
        "not allowed": stranger.get("/", **https),
        "not found": reviewer.get("/nowhere", **https),
        "audio not found": reviewer.get("/recordings/rec_x/audio", **https),
        "wrong method": reviewer.get("/sessions/open", **https),
        "wrong method of a script": reviewer.delete("/", **https),
        "bad host": visitor.get("/", headers={"host": "evil.example"}, **https),
        "no token": visitor.post("/accounts/login/", sign_in, **https),
        "too many fields": reviewer.get("/", {f"f{n}": 1 for n in range(1100)}, **https),
        "static file": visitor.get(staticfiles_storage.url("css/base.css"), **https),
        "static file missing": visitor.get("/static/nothing.css", **https),
        "icon": visitor.get("/favicon.ico", **https),
        "health": visitor.get("/healthz"),
        "readiness": visitor.get("/readyz"),
        "signed in": open_visitor.post("/accounts/login/", sign_in, **https),
        "signed out": open_visitor.post("/accounts/logout/", **https),
        "admin": reviewer.get("/admin/", **https),
    }
    for _ in range(5):
        answers["locked out"] = open_visitor.post("/accounts/login/", wrong, **https)
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE recordings_session RENAME TO gone")
    answers["mistake"] = reviewer.get("/", **https)
    return answers


def _told(answer):
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return {
        "status": answer.status_code,
        "headers": {name.lower(): value for name, value in answer.headers.items()},
        "cookies": {name: morsel.OutputString() for name, morsel in answer.cookies.items()},
        "body": content.decode(errors="replace"),
    }


if __name__ == "__main__":
    main()
