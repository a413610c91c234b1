"""The portal's settings. Every value an administrator may set is read from the environment.

docs/settings.md describes each of them; a test keeps the two in step.
"""

from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from zoneinfo import available_timezones

import dj_database_url
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from kallglot_portal import environment as env

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = BASE_DIR / "var"
env.read_dotenv(BASE_DIR / ".env")

# -- Kallglot --------------------------------------------------------------------------

KALLGLOT_API_KEY = env.secret("KALLGLOT_API_KEY")
KALLGLOT_API_URL = env.api_url("KALLGLOT_API_URL", "https://api.kallglot.com/v1")
KALLGLOT_MEDIA_HOSTS = env.hosts("KALLGLOT_MEDIA_HOSTS")
KALLGLOT_WEBHOOK_SECRETS = [s for s in env.secret("KALLGLOT_WEBHOOK_SECRET").split(",") if s]

# -- Where the portal is reached ---------------------------------------------------------

DEBUG = env.flag("DEBUG", False)
SECRET_KEY = env.secret("SECRET_KEY")
if len(SECRET_KEY) < 50:
    raise ImproperlyConfigured(
        "SECRET_KEY is missing or shorter than 50 characters. Put a long random text there, "
        'for example from: python3 -c "import secrets; print(secrets.token_urlsafe(64))"'
    )

HOST = env.listening_host("HOST", "127.0.0.1")
PORT = env.integer("PORT", 8000, at_least=1, at_most=65535)
ALLOWED_HOSTS = env.allowed_hosts("ALLOWED_HOSTS", ("localhost", "127.0.0.1", "[::1]"))
CSRF_TRUSTED_ORIGINS = env.origins("CSRF_TRUSTED_ORIGINS")
TRUSTED_PROXIES = env.networks("TRUSTED_PROXIES")
WEB_WORKERS = env.integer("WEB_WORKERS", 2, at_least=1, at_most=64)
WEB_THREADS = env.integer("WEB_THREADS", 32, at_least=4, at_most=4000)

# Off only for a trial on one's own machine: browsers would drop `Secure` cookies over http.
HTTPS = env.flag("HTTPS", True)
if not HTTPS and HOST not in env.LOOPBACK_HOSTS:
    raise ImproperlyConfigured(
        "HTTPS=off is only for a portal that listens on this machine (HOST=127.0.0.1); "
        "anywhere else sign-ins and calls would cross the network unencrypted."
    )

# -- Parts -------------------------------------------------------------------------------

INSTALLED_APPS = [
    "kallglot_portal.admin.PortalAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django_htmx",
    "template_partials",
    "csp",
    "axes",
    "huey.contrib.djhuey",
    "recordings",
]

MIDDLEWARE = [
    "kallglot_portal.middleware.SecurityHeadersMiddleware",
    "kallglot_portal.middleware.RequestTargetMiddleware",
    "kallglot_portal.middleware.ClientAddressMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    # Before the next two, which read the body of every form.
    "kallglot_portal.middleware.SignInRequiredMiddleware",
    "kallglot_portal.uploads.RequestBodyMiddleware",
    "kallglot_portal.request_parsing.ReadableRequestMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "kallglot_portal.middleware.SessionLimitsMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "kallglot_portal.middleware.HtmxVaryMiddleware",
    "kallglot_portal.middleware.WrongMethodPageMiddleware",
    "kallglot_portal.middleware.ViewerTimeZoneMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "kallglot_portal.urls"
WSGI_APPLICATION = "kallglot_portal.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "recordings.context_processors.shell",
            ],
        },
    },
]

# -- Data --------------------------------------------------------------------------------

try:
    _database = dj_database_url.parse(
        env.text("DATABASE_URL") or f"sqlite:///{VAR_DIR / 'portal.sqlite3'}"
    )
except (ValueError, KeyError):
    raise ImproperlyConfigured(
        "DATABASE_URL must be an address such as postgres://user:password@host/name "
        "or sqlite:////path/portal.sqlite3."
    ) from None
if _database["ENGINE"].endswith("sqlite3"):
    # WAL lets readers pass a writer; IMMEDIATE takes the write lock at once, so that two
    # read-then-write transactions queue up (20 s) instead of failing.
    _database["ENGINE"] = "kallglot_portal.sqlite"
    _database["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
        **_database.get("OPTIONS", {}),
    }
else:
    # There are far more threads than connections a server grants; a request borrows one.
    _pool = {"min_size": 1, "max_size": 30, "timeout": 10}
    # The library's indexes answer in milliseconds. Left to itself, PostgreSQL takes reading from
    # anywhere on a disk for four times as dear as reading on, and goes through the far wider table
    # instead, with helpers that take longer to start than the answer.
    _plans = "-c random_page_cost=1.1 -c max_parallel_workers_per_gather=0"
    # As long as with SQLite; left to itself, PostgreSQL waits for a lock for ever.
    _patience = "-c lock_timeout=20s"
    _database["OPTIONS"] = {
        "pool": _pool,
        "options": f"{_plans} {_patience}",
        **_database.get("OPTIONS", {}),
    }
DATABASES = {"default": _database}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# The worker's queue: a file beside the database, or Redis when several machines share it.
REDIS_URL = env.redis_url("REDIS_URL")
HUEY = {"name": "kallglot-portal", "results": False, "immediate": False}
if REDIS_URL:
    HUEY |= {"huey_class": "huey.RedisHuey", "connection": {"url": REDIS_URL}}
else:
    _beside = Path(_database["NAME"]).parent if "sqlite" in _database["ENGINE"] else VAR_DIR
    HUEY |= {"huey_class": "huey.SqliteHuey", "filename": str(_beside / "worker.sqlite3")}
    # Nobody made `var/` before the first command on a fresh copy.
    with suppress(OSError):
        _beside.mkdir(mode=0o700, exist_ok=True)

AUDIO_DIR = Path(env.text("AUDIO_DIR") or VAR_DIR / "audio")
AUDIO_MAX_BYTES = env.integer("AUDIO_MAX_BYTES", 20 * 2**30, at_least=0, at_most=2**60)
EXPORTS_MAX_BYTES = env.integer("EXPORTS_MAX_BYTES", 20 * 2**30, at_least=0, at_most=2**60)
# Whether the worker fetches audio before anybody asks: of nobody's, of new or of all known calls.
PREFETCH_AUDIO = env.choice("PREFETCH_AUDIO", "off", ("off", "new", "all"))
# Where nginx finds the audio folder, when it is in front and may send whole files by itself.
X_ACCEL_REDIRECT = env.text("X_ACCEL_REDIRECT")
if X_ACCEL_REDIRECT.strip("/") != X_ACCEL_REDIRECT[1:-1]:
    raise ImproperlyConfigured("X_ACCEL_REDIRECT must be a path such as /protected-audio/.")

# -- People ------------------------------------------------------------------------------

AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "recordings.permissions.PermissionBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
AUTH_PASSWORD_VALIDATORS[1]["OPTIONS"] = {"min_length": 12}
AUTH_PASSWORD_VALIDATORS.append({"NAME": "kallglot_portal.passwords.MaximumLengthValidator"})
PASSWORD_HASHERS = ["kallglot_portal.passwords.OneAtATimeHasher"]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "library"
LOGOUT_REDIRECT_URL = "login"

# Five wrong passwords lock that name from that address for half an hour; see `sign_in_limits` for
# the limits per name and per address.
AXES_HANDLER = "kallglot_portal.sign_in_limits.SignInLimits"
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=30)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_LOCKOUT_CALLABLE = "recordings.views.sign_in.locked"
AXES_RESET_ON_SUCCESS = True
# A lock ends half an hour after the last password that was tried, not after the last try at all.
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_CLIENT_IP_CALLABLE = "kallglot_portal.sign_in_limits.counted_address"
AXES_VERBOSE = False

SESSION_ENGINE = "kallglot_portal.sign_ins"
SESSION_IDLE = timedelta(minutes=env.integer("SESSION_IDLE_MINUTES", 60, at_least=1, at_most=1440))
SESSION_LIFETIME = timedelta(hours=env.integer("SESSION_HOURS", 12, at_least=1, at_most=168))
SESSION_COOKIE_AGE = int(SESSION_LIFETIME.total_seconds())

# -- Security ----------------------------------------------------------------------------

SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_NAME = "__Host-sessionid" if HTTPS else "sessionid"
CSRF_COOKIE_NAME = "__Host-csrftoken" if HTTPS else "csrftoken"
CSRF_FAILURE_VIEW = "recordings.views.errors.csrf_failure"

SECURE_SSL_REDIRECT = HTTPS
# Probes come from inside, over plain http, and carry nothing.
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_HSTS_SECONDS = 63_072_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_NUMBER_FIELDS = 1000
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 2**20
# The only files people send are lists of ids.
FILE_UPLOAD_HANDLERS = ["kallglot_portal.uploads.SmallFileHandler"]

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF],
        "media-src": [SELF],
        "connect-src": [SELF],
        "font-src": [SELF],
        "manifest-src": [SELF],
        "object-src": [NONE],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}

# -- Pages -------------------------------------------------------------------------------

LANGUAGE_CODE = "en"
USE_I18N = False
USE_TZ = True
TIME_ZONE = env.text("TIME_ZONE", "UTC")
KNOWN_TIME_ZONES = available_timezones()  # reads a hundred files: once is enough
if TIME_ZONE not in KNOWN_TIME_ZONES:
    raise ImproperlyConfigured("TIME_ZONE must be a name such as Europe/Berlin or UTC.")

STATIC_URL = "static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
# What browsers and robots ask for at the root, whatever a page says.
WHITENOISE_ROOT = BASE_DIR / "static" / "root"
# Nothing of the portal is for pages of other origins, fonts and icons included.
WHITENOISE_ALLOW_ALL_ORIGINS = False
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "kallglot_portal.static_files.ModuleStaticFilesStorage"},
}

# -- Logs --------------------------------------------------------------------------------

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": "kallglot_portal.logs.OneLineFormatter",
            "format": "{asctime} {levelname} {name}: {message}",
            "style": "{",
        }
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": "INFO"},
    "loggers": {
        # Django's own set-up would mail errors and print them a second time.
        "django": {"handlers": [], "propagate": True},
        "django.server": {"handlers": [], "propagate": True},
        # Every sign-in would be five lines; failed ones and lock-outs are warnings.
        "axes": {"level": "WARNING"},
        # A stranger's wrong Host header is refused; it is not our error.
        "django.security.DisallowedHost": {"level": "CRITICAL"},
    },
}
