"""`manage.py check_key`: what the Kallglot API key may read."""

from django.core.management.base import BaseCommand, CommandError

from recordings.kallglot import errors
from recordings.services.key_check import check_key
from recordings.services.trouble import advice


class Command(BaseCommand):
    help = "Ask Kallglot whether it accepts the API key, and what the key may read."

    def handle(self, *args, **options):
        try:
            reads_recordings, sentences = check_key()
        except errors.KallglotError as error:
            raise CommandError(advice(error)) from None
        if not reads_recordings:
            raise CommandError(sentences)
        self.stdout.write(sentences)
