"""One request on its thread, to as much of the response as goes out at once."""

import contextlib
import time
from collections.abc import Callable
from datetime import timedelta

from gunicorn.http import wsgi

from . import later
from .bodies import Input
from .connections import Connection
from .request_heads import checked
from .response import Response
from .sender import State, Transfer


class Again:
    """The request is to be served once more when `subscribe` calls back."""

    def __init__(self, subscribe: Callable[[Callable[[], None]], None]) -> None:
        self.subscribe = subscribe


def serve(worker, req, conn: Connection) -> bool | Transfer | Again:
    """Serve one request; whether the connection can be used again, as in gunicorn.

    A `Transfer` is what the client has not taken yet.
    """
    req.headers = checked(req.headers)
    conn.parser.unreader.begin()
    transfer = Transfer(conn)
    response = None
    try:
        response, environ = wsgi.create(
            req,
            conn.sock,
            conn.client,
            conn.server,
            worker.cfg,
            response_class=Response,
            response_args=(transfer,),
        )
        environ["wsgi.multithread"] = True
        environ[later.WAITING] = worker.waiting
        environ["wsgi.input"] = Input(req.body)
        worker.nr += 1
        if worker.nr >= worker.max_requests:
            worker.alive = False
        if not worker.alive or len(worker.keepalived_conns) >= worker.max_keepalived:
            response.force_close()
        state = _respond(worker, environ, response, transfer)
        if later.SUBSCRIBE in environ:
            return Again(environ[later.SUBSCRIBE])
    except OSError:
        raise
    except (Exception, SystemExit):
        if response and response.headers_sent:
            # An error page would become part of the response.
            worker.log.exception("Error handling request")
            raise StopIteration from None
        raise
    finally:
        conn.parser.unreader.end()
    transfer.keepalive = not response.should_close()
    return transfer.keepalive if state is State.DONE else transfer


def _respond(worker, environ: dict, response: Response, transfer: Transfer) -> State:
    began_at = time.monotonic()
    body = worker.wsgi(environ, response.start_response)
    if later.SUBSCRIBE in environ:
        body.close()
        return State.WAITING
    if response.req.body.failed:
        response.force_close()
    try:
        if isinstance(body, environ["wsgi.file_wrapper"]):
            response.write_file(body)
        else:
            for block in body:
                transfer.flush()
                response.write(block)
        response.close()
        return transfer.send_first(worker.staying)
    except BaseException:
        # The head must be out before the connection breaks.
        with contextlib.suppress(OSError):
            transfer.push()
        raise
    finally:
        took = timedelta(seconds=time.monotonic() - began_at)
        worker.log.access(response, response.req, environ, took)
        if hasattr(body, "close"):
            body.close()
