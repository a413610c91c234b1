"""Run code in the portal's settings: one process for a whole test run, in place of one per piece.

Reads one JSON string of Python code a line from standard input, and writes one JSON string a line:
the traceback, or nothing if the code ran.
"""

import json
import os
import sys
import traceback

import django
from django.db import close_old_connections


def main() -> None:
    # Whatever the code prints goes to the log, where standard error leads.
    responses = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kallglot_portal.settings")
    django.setup()
    for line in sys.stdin:
        failure = ""
        try:
            exec(json.loads(line), {})
        except Exception:
            failure = traceback.format_exc()
        close_old_connections()
        print(json.dumps(failure), file=responses, flush=True)


if __name__ == "__main__":
    main()
