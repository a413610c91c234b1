"""`manage.py sync`: ask Kallglot about known calls, or about the ids given."""

import logging
from time import sleep

from django.core.management.base import BaseCommand, CommandError

from recordings.kallglot import errors, types
from recordings.models import Session
from recordings.services import schedule, sync

log = logging.getLogger(__name__)


class Command(BaseCommand):
    help = (
        "Refresh every known call from Kallglot, or open the given sess_… and rec_… ids, as fast "
        "as the rate limit allows to work that nobody waits for."
    )

    def add_arguments(self, parser):
        parser.add_argument("ids", nargs="*", metavar="ID")

    def handle(self, *args, **options):
        ids = types.find_ids(" ".join(options["ids"]))
        if options["ids"] and not ids:
            raise CommandError("None of these is a Kallglot id (sess_… or rec_…).")
        ask = sync.open_call if ids else sync.refresh
        failures = 0
        for kallglot_id in ids or Session.objects.newest_first().values_list(
            "kallglot_id", flat=True
        ):
            try:
                session = self._patiently(ask, kallglot_id)
            except errors.KallglotError as error:
                failures += 1
                self.stderr.write(f"{kallglot_id}: {error}")
            except Exception:
                failures += 1
                log.exception("%s could not be refreshed", kallglot_id)
            else:
                self.stdout.write(f"{kallglot_id}: {session.recordings.count()} recordings")
        if failures:
            raise CommandError(f"{failures} could not be refreshed.")

    def _patiently(self, ask, kallglot_id: str) -> Session:
        """What `ask` finds, once Kallglot can be asked."""
        while True:
            try:
                return ask(kallglot_id, background=True)
            except schedule.RETRY_LATER as error:
                wait_s = schedule.wait_after(error)
                self.stderr.write(f"{error} Going on in {wait_s:.0f} s.")
            sleep(wait_s)
