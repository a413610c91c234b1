"""A view that would wait long for something gives its thread back and is called again.

`server.Worker` puts a semaphore into `environ[WAITING]`: so many requests may wait on their
threads, which is quicker. A view that gets no place returns `ask_again`. Other servers know none
of this, and every request waits.
"""

from collections.abc import Callable

from django.http import HttpResponse

WAITING = "kallglot_portal.waiting"
SUBSCRIBE = "kallglot_portal.subscribe"


def ask_again(request, subscribe: Callable[[Callable[[], None]], None]) -> HttpResponse:
    """Have the same request served again once `subscribe` calls back. Only for GET and HEAD.

    The response itself is not sent.
    """
    request.environ[SUBSCRIBE] = subscribe
    return HttpResponse(status=204)
