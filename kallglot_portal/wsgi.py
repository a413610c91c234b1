"""The WSGI application that gunicorn serves."""

import gc
import os
from pathlib import Path

import django
from django.conf import settings
from django.template.loader import get_template
from django.urls import get_resolver

from kallglot_portal.request_parsing import PortalHandler


def _settle() -> None:
    """Have here what every answer needs, and keep the collector of garbage away from it.

    It would go through all of that again and again: 40 ms, during every twentieth page.
    """
    get_resolver().url_patterns  # noqa: B018  (imports the views)
    for engine in settings.TEMPLATES:
        for folder in map(Path, engine["DIRS"]):
            for path in folder.rglob("*.html"):
                get_template(str(path.relative_to(folder)))
    gc.collect()
    gc.freeze()


os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kallglot_portal.settings")
django.setup(set_prefix=False)
application = PortalHandler()
_settle()
