"""`manage.py demo`: people and calls to try the portal with, against the simulated Kallglot."""

import time
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission
from django.core.management.base import BaseCommand, CommandError

from recordings.kallglot import errors
from recordings.services import sync
from recordings.simulator.data import demo_session_ids

PASSWORD = "listen-to-the-demo"  # noqa: S105  (printed at every start; the demo never leaves loopback)
PEOPLE = {
    "rosa": ("Rosa", "Reviewer", "Reviewer", "listens; was granted downloads"),
    "leo": ("Leo", "Lead", "Lead", "listens and downloads"),
    "ada": ("Ada", "Administrator", "Administrator", "does everything"),
}
_SIMULATOR_UP_WITHIN_S = 15


class Command(BaseCommand):
    help = "Make demo people and calls; only while connected to the simulated Kallglot."

    def handle(self, *args, **options):
        if urlsplit(settings.KALLGLOT_API_URL).hostname != "127.0.0.1":
            raise CommandError(
                "The demo has known passwords, so it is only made while KALLGLOT_API_URL leads "
                "to a simulated Kallglot on this machine."
            )
        self._people()
        self._calls()
        self.stdout.write(f"\n  Demo sign-ins, all with the password {PASSWORD}")
        for name, (_, _, group, can) in PEOPLE.items():
            self.stdout.write(f"    {name:6} {group:14} {can}")

    def _people(self):
        users = get_user_model().objects
        for name, (first, last, group, _) in PEOPLE.items():
            person, new = users.get_or_create(
                username=name, defaults={"first_name": first, "last_name": last}
            )
            if not new:
                continue
            person.set_password(PASSWORD)
            person.save()
            person.groups.add(Group.objects.get(name=group))
            if name == "rosa":
                person.user_permissions.add(Permission.objects.get(codename="download_recording"))

    def _calls(self):
        deadline = time.monotonic() + _SIMULATOR_UP_WITHIN_S
        for session_id in demo_session_ids():
            while True:
                try:
                    sync.open_call(session_id)
                except errors.ConnectFailed:
                    # Started a moment ago, beside us.
                    if time.monotonic() > deadline:
                        raise CommandError("The simulated Kallglot does not answer.") from None
                    time.sleep(0.2)
                except errors.KallglotError as error:
                    self.stderr.write(f"{session_id}: {error}")
                    break
                else:
                    break
