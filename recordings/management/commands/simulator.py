"""`manage.py simulator`: a Kallglot played on this machine (docs/simulator.md)."""

import sys

from django.core.management.base import BaseCommand

from recordings.simulator.__main__ import main


class Command(BaseCommand):
    help = "Play Kallglot on this machine; `manage.py simulator --help` lists the switches."
    requires_system_checks = []

    def run_from_argv(self, argv):
        # The simulator knows nothing of Django and reads its own switches.
        sys.exit(main(argv[2:]))
