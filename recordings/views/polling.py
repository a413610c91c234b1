"""Looking again at something still to come: ever more seldom."""

from recordings import tasks
from recordings.models import Session, WorkerState
from recordings.services import sync

# Seconds between looks, by how often one has looked already.
DELAYS_S = (5, 10, 15, 30, 60, 120, 300)
_HIGHEST_LOOK = 999
# The worker needs a second or two for what it is asked to find out.
_IN_A_MOMENT_S = 3


def poll(
    request,
    delays_s: tuple[int, ...] = DELAYS_S,
    *,
    news: bool = False,
    in_a_moment: bool = False,
) -> dict[str, int]:
    """For a template: the seconds to wait before the next look, and the number of that look.

    news: this look found something new, so the waits begin anew.
    in_a_moment: the worker is finding something out for this look, which is to come once more.
    """
    looked = request.GET.get("look", "")
    # Anything but a short number is somebody's joke and starts from the beginning.
    look = int(looked) if looked.isascii() and looked.isdigit() and len(looked) < 4 else 0
    if news:
        look = 0
    if in_a_moment:
        return {"poll_delay_s": _IN_A_MOMENT_S, "next_look": look}
    return {
        "poll_delay_s": delays_s[min(look, len(delays_s) - 1)],
        "next_look": min(look + 1, _HIGHEST_LOOK),
    }


def look_again(session: Session, *, hurry: bool = True) -> bool:
    """For a part of a page that asks by itself: nobody clicked, so the worker asks Kallglot.

    Where the worker is down, looking is enough, but takes nothing of the share of those who click.
    hurry: whether the worker is to ask now, or at its own pace.
    Returns whether there may be news in a moment.
    """
    if WorkerState.is_silent():
        sync.refresh_if_due(session, background=True)
        return False
    about_to = hurry and sync.wish(session)
    if about_to:
        tasks.soon(tasks.refresh_due_calls, 0.0)
    return about_to
