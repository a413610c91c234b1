"""`manage.py import_sessions`: add the calls whose ids are in a file, or in what is piped in."""

import sys
import time
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from recordings.models import Import, ImportOutcome
from recordings.services import importing, pasted_ids, workbooks


class Command(BaseCommand):
    help = (
        "Add every call whose sess_… or rec_… id is in FILE (any text, CSV or JSON; - is the "
        "standard input). Ended in the middle, it goes on in the worker, or with --resume."
    )

    _told: dict | None = None

    def add_arguments(self, parser):
        parser.add_argument("file", nargs="?", default="-", metavar="FILE")
        parser.add_argument("--resume", type=int, metavar="NUMBER", help="an import begun before")

    def handle(self, *args, **options):
        batch = self._resumed(options["resume"]) or self._begun(options["file"])
        total = batch.items.count()
        self.stdout.write(
            f"Import {batch.pk}: {total} ids, about {importing.ids_a_minute()} a minute. "
            f"Go on later with: manage.py import_sessions --resume {batch.pk}"
        )
        self.stdout.flush()
        while True:
            # While a worker is at it, this only tells how far it has got.
            wait_s = importing.work_off(on_each=lambda: self._tell(batch, total))
            self._tell(batch, total)
            counts = batch.counts()
            if not counts[ImportOutcome.WAITING]:
                break
            time.sleep(min(wait_s or 1.0, 10.0))
        for item in batch.items.filter(outcome=ImportOutcome.FAILED):
            self.stderr.write(f"{item.kallglot_id}: {item.reason}")
        if counts[ImportOutcome.FAILED]:
            raise CommandError(f"{counts[ImportOutcome.FAILED]} could not be looked up.")

    def _tell(self, batch: Import, total: int) -> None:
        """How far it has got, if that is news."""
        counts = batch.counts()
        if counts == self._told:
            return
        self._told = counts
        self.stdout.write(
            f"{total - counts[ImportOutcome.WAITING]} of {total}: "
            f"{counts[ImportOutcome.ADDED]} added, {counts[ImportOutcome.KNOWN]} known already, "
            f"{counts[ImportOutcome.NOT_FOUND]} not known to Kallglot, "
            f"{counts[ImportOutcome.FAILED]} failed"
        )
        # Also where somebody watches through a pipe.
        self.stdout.flush()

    def _resumed(self, number: int | None) -> Import | None:
        if number is None:
            return None
        batch = Import.objects.filter(pk=number).first()
        if batch is None:
            raise CommandError(f"There is no import {number}.")
        return batch

    def _begun(self, name: str) -> Import:
        try:
            data = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
        except OSError as error:
            raise CommandError(f"{name} cannot be read: {error.strerror}") from None
        try:
            found = pasted_ids.prefer_known(pasted_ids.in_file(data))
        except workbooks.WorkbookError as error:
            raise CommandError(str(error)) from None
        ids = [one.id for one in found]
        if not ids:
            raise CommandError("There is no Kallglot id (sess_… or rec_…) in this.")
        if len(ids) > Import.MOST_IDS:
            raise CommandError(
                f"These are {len(ids)} ids; an import has at most {Import.MOST_IDS}."
            )
        return importing.create(None, ids)
