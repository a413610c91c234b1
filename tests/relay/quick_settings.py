"""The portal's settings, with the static files that the test run has collected."""

import os

from kallglot_portal.settings import *  # noqa: F403

STATIC_ROOT = os.environ["TEST_STATIC_ROOT"]
