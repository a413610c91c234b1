"""`python -m tests.bench.prepare`: a database with the vendor's calls and one signed-in person.

Runs with the portal's environment; prints the person's session cookie.
"""

import sys

import django
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.test import Client

from .vendor import session_ids


def main() -> None:
    django.setup()
    from django.contrib.auth.models import Group

    from recordings.roles import LEAD
    from recordings.services import sync

    call_command("migrate", verbosity=0)
    call_command("collectstatic", "--no-input", verbosity=0)
    person = get_user_model().objects.create_user("bench")
    person.groups.add(Group.objects.get(name=LEAD))
    for session_id in session_ids():
        sync.open_call(session_id)
    browser = Client()
    browser.force_login(person)
    sys.stdout.write("; ".join(f"{m.key}={m.value}" for m in browser.cookies.values()))


if __name__ == "__main__":
    main()
