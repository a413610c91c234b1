"""The portal's settings, with the test run's static files and a queue of the portal's own."""

import os

from kallglot_portal.settings import *  # noqa: F403
from kallglot_portal.settings import HUEY

STATIC_ROOT = os.environ["TEST_STATIC_ROOT"]
if "filename" in HUEY and "TEST_QUEUE" in os.environ:
    # Beside PostgreSQL all portals of one folder would share a queue.
    HUEY = {**HUEY, "filename": os.environ["TEST_QUEUE"]}
