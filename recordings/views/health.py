"""Whether the portal serves (`/healthz`) and whether it is ready for work (`/readyz`)."""

import os

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, connection
from django.http import HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from recordings import permissions
from recordings.models import WorkerState
from recordings.services import gate


@login_not_required
@require_safe
def healthz(request):
    """200 while the process serves; touches nothing else."""
    return HttpResponse("ok\n", content_type="text/plain; charset=utf-8")


@login_not_required
@require_safe
def readyz(request):
    """200 or 503 by database, disk, vendor and worker; which of them, only for administrators."""
    checks = {"database": _database(), "disk": _disk()}
    checks["vendor"] = _vendor() if checks["database"] == "ok" else "unknown"
    checks["worker"] = _worker() if checks["database"] == "ok" else "unknown"
    # Without Kallglot, calls already fetched still play: degraded, not down.
    ready = checks["database"] == "ok"
    verdict = "unavailable" if not ready else "ok"
    if ready and any(outcome != "ok" for outcome in checks.values()):
        verdict = "degraded"
    answer = {"status": verdict}
    if ready and request.user.has_perm(permissions.ADMINISTER):
        answer["checks"] = checks
    return JsonResponse(answer, status=200 if ready else 503)


def _database() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return "not reachable"
    return "ok"


def _disk() -> str:
    folder = settings.AUDIO_DIR
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError:
        return "audio folder cannot be made"
    return "ok" if os.access(folder, os.W_OK | os.X_OK) else "audio folder is not writable"


def _vendor() -> str:
    if not settings.KALLGLOT_API_KEY:
        return "not_connected"
    return gate.state().cause or "ok"


def _worker() -> str:
    return "silent" if WorkerState.is_silent() else "ok"
