"""The portal's own server settings, with a socket and static files that the tests made."""

import os
import runpy

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kallglot_portal.settings")

from django.conf import settings

globals().update(runpy.run_path("kallglot_portal/gunicorn.conf.py"))
bind = os.environ["TEST_BIND"]
settings.STATIC_ROOT = os.environ["TEST_STATIC_ROOT"]
