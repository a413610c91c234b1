"""Settings of the bare view: the portal's server settings, and nothing before the view."""

from kallglot_portal.settings import *  # noqa: F403

INSTALLED_APPS = []
MIDDLEWARE = []
DATABASES = {}
ROOT_URLCONF = "tests.bench.bare"
# Its templates would need the parts that are left out.
TEMPLATES = []
