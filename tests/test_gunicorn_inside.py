"""The inside of gunicorn that `kallglot_portal/server.py` leans on (docs/decisions/0020)."""

import hashlib
import inspect

import pytest
from gunicorn.http import parser, unreader, wsgi
from gunicorn.workers import gthread

# The first digits of the SHA-256 of each function's source in gunicorn 27.0.1.
READ = {
    gthread.TConn.init: "5ff3d4ba451c",
    gthread.TConn.close: "6d1c334ed197",
    gthread.PollableMethodQueue.defer: "4d722900967b",
    gthread.PollableMethodQueue.run_callbacks: "2583376785b0",
    gthread.ThreadWorker.__init__: "5681b8b542ea",
    gthread.ThreadWorker.init_process: "e4fc63a1a68e",
    gthread.ThreadWorker.accept: "f8dcead3dce5",
    gthread.ThreadWorker.enqueue_req: "c9f428953d24",
    gthread.ThreadWorker.on_client_socket_readable: "aead1a3ea7b7",
    gthread.ThreadWorker.murder_keepalived: "4459960c4ccc",
    gthread.ThreadWorker.murder_pending: "7bf11f464542",
    gthread.ThreadWorker.set_accept_enabled: "140150ebfd3c",
    gthread.ThreadWorker.run: "f92c7394d857",
    gthread.ThreadWorker.finish_request: "616e7bb15a00",
    gthread.ThreadWorker.handle: "ca85c9be3df7",
    gthread.ThreadWorker.handle_request: "6d0de5b91910",
    gthread.ThreadWorker._keepalive_after: "4ebdbbc8bf5a",
    parser.Parser.__next__: "b8536520e958",
    parser.Parser.finish_body: "54c5d0d28c26",
    unreader.Unreader.read: "cbfeead6687f",
    unreader.SocketUnreader.chunk: "9f62532259f8",
    wsgi.create: "2c35d4a2dc62",
    wsgi.Response.default_headers: "cb490cea5d6f",
    wsgi.Response.send_headers: "7aff3b7d004f",
    wsgi.Response.write: "a13659ff072c",
    wsgi.Response.write_file: "dbbc63339312",
    wsgi.Response.close: "1e78fc7777ff",
}


@pytest.mark.parametrize("function", READ, ids=lambda function: function.__qualname__)
def test_a_function_is_as_it_was_when_the_worker_was_written(function):
    source = inspect.getsource(function).encode()
    assert hashlib.sha256(source).hexdigest()[:12] == READ[function], (
        "Read what changed, see whether server.py still holds, then put the new digest here."
    )
