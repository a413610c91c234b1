"""`manage.py prune`: delete the audio of recordings that have expired, and left-overs."""

import signal
import threading

from django.core.management.base import BaseCommand, CommandError
from django.db import Error, connection

from recordings.audio.store import StorageFailed
from recordings.services.pruning import prune


class Command(BaseCommand):
    help = "Delete our copies of recordings that Kallglot deleted; with --every, again and again."

    def add_arguments(self, parser):
        parser.add_argument("--every", type=int, metavar="SECONDS", help="run until ended")

    def handle(self, *args, **options):
        if not options["every"]:
            try:
                self.stdout.write(f"{prune()} removed")
            except (StorageFailed, OSError) as error:
                raise CommandError(f"The audio folder cannot be written: {error}") from error
            return
        stopping = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stopping.set())
        while not stopping.is_set():
            try:
                removed = prune()
            except (Error, StorageFailed, OSError) as error:
                self.stderr.write(f"Pruning failed and is tried again: {error}")
            else:
                if removed:
                    self.stdout.write(f"{removed} removed")
            connection.close()
            stopping.wait(options["every"])
