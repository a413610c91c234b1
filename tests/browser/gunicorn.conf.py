"""The portal's own server settings, with static files from the folder the tests collected."""

import os
import runpy

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kallglot_portal.settings")

from django.conf import settings

globals().update(runpy.run_path("kallglot_portal/gunicorn.conf.py"))
settings.STATIC_ROOT = os.environ["TEST_STATIC_ROOT"]
