#!/usr/bin/env python
"""Django's command line for the portal: `python manage.py help` lists the commands."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kallglot_portal.settings")
    from django.conf import settings
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    try:
        # Django would put a bad setting aside for later and stumble over what then is missing.
        settings.INSTALLED_APPS  # noqa: B018  (asking is what reads the settings)
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        # A wrong setting is the administrator's to mend: one sentence, no stack trace.
        sys.exit(f"The portal cannot start: {error}")


if __name__ == "__main__":
    main()
