"""`manage.py check_trail`: whether a hand in the database has changed the trail."""

from django.core.management.base import BaseCommand, CommandError

from recordings.models import AuditEvent
from recordings.services import audit


class Command(BaseCommand):
    help = "Check that no row of the trail was changed or deleted; ends with 1 if one was."

    def handle(self, *args, **options):
        fault = audit.check()
        if fault:
            raise CommandError(fault)
        self.stdout.write(f"The trail is untouched: {AuditEvent.objects.count()} rows.")
