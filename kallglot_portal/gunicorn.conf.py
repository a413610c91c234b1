"""gunicorn's settings, taken from the portal's own.

Threads work on requests; slow clients hold none (docs/decisions/0020).
"""

import os
import resource

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kallglot_portal.settings")

from django.conf import settings

# Connections per worker. A listener holds a socket, a file and for a moment a third descriptor.
_CONNECTIONS, _DESCRIPTORS_EACH, _OTHER_DESCRIPTORS = 10_000, 3, 256
# Many systems allow 1,024 descriptors unless asked for more.
_soft, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
_wanted = _CONNECTIONS * _DESCRIPTORS_EACH + _OTHER_DESCRIPTORS
if _soft != resource.RLIM_INFINITY and _soft < _wanted:
    _soft = _wanted if _hard == resource.RLIM_INFINITY else max(_soft, min(_hard, _wanted))
    resource.setrlimit(resource.RLIMIT_NOFILE, (_soft, _hard))
_free = _wanted if _soft == resource.RLIM_INFINITY else _soft

wsgi_app = "kallglot_portal.wsgi"
bind = (
    f"[{settings.HOST}]:{settings.PORT}"
    if ":" in settings.HOST
    else (f"{settings.HOST}:{settings.PORT}")
)
worker_class = "kallglot_portal.server.Worker"
# A filter address with many choices is long.
limit_request_line = 8190
workers = settings.WEB_WORKERS
threads = settings.WEB_THREADS
worker_connections = max(
    settings.WEB_THREADS + 200,
    min(_CONNECTIONS, (_free - _OTHER_DESCRIPTORS) // _DESCRIPTORS_EACH),
)
backlog = 2048
keepalive = 15
timeout = 60
# For a stop; who listens over a reload has longer (`server.Worker`).
graceful_timeout = 30
forwarded_allow_ips = ",".join(settings.TRUSTED_PROXIES) or "127.0.0.1"
# gunicorn would let a trusted proxy's client move the portal to another path (SCRIPT_NAME).
forwarder_headers = ""
# No door for controlling a running server: signals are enough.
control_socket_disable = True
proc_name = "kallglot-portal"
