"""What the shell around every page shows."""

from recordings.models import WorkerState
from recordings.services import trouble


def shell(request) -> dict:
    """The standing trouble with Kallglot, for people who are signed in, and with the worker."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {}
    # Called by the template only where the lines are shown; fragments never ask.
    return {
        "standing_trouble": lambda: trouble.standing(user),
        "worker_is_silent": WorkerState.is_silent,
    }
