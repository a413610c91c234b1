"""`manage.py reindex`: make anew what calls are found by."""

from django.core.management.base import BaseCommand

from recordings.services import searching


class Command(BaseCommand):
    help = "Make the search index of all calls anew; the portal may run meanwhile."

    def handle(self, *args, **options):
        self.stdout.write(f"{searching.reindex()} calls")
