"""The portal's own server settings, with a port and static files that the tests prepared."""

import os
import runpy

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kallglot_portal.settings")

from django.conf import settings

globals().update(runpy.run_path("kallglot_portal/gunicorn.conf.py"))
# The port is reserved by the tests: see tests/ports.py.
reuse_port = True
settings.STATIC_ROOT = os.environ["TEST_STATIC_ROOT"]
