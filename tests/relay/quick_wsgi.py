"""The portal's application with a client that gives up sooner, so that faults cost no minute.

Only the waiting times differ from the portal in use; gunicorn, views and relay are the real ones.
It also tells at one address which threads the process runs, since no file in /proc names them.
"""

import functools
import json
import os
import threading

import kallglot_portal.wsgi
from kallglot_portal import bodies, connections, sender
from recordings.kallglot import Client
from recordings.services import vendor

from .limits import QUICK

THREADS = "/_threads"

if "TEST_REQUEST_S" in os.environ:
    bodies.GRACE_S = connections.HEAD_S = float(os.environ["TEST_REQUEST_S"])
if "TEST_IDLE_S" in os.environ:
    sender.IDLE_S = float(os.environ["TEST_IDLE_S"])

vendor.Client = functools.partial(Client, limits=QUICK)


def application(environ, start_response):
    if environ["PATH_INFO"] != THREADS:
        return kallglot_portal.wsgi.application(environ, start_response)
    names = json.dumps([thread.name for thread in threading.enumerate()]).encode()
    start_response("200 OK", [("Content-Length", str(len(names)))])
    return [names]
