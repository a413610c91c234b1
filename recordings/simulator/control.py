"""The control endpoint, `/_simulator/...`: the simulator steered from another process.

It needs no key: the simulator listens on loopback only, and knows nothing that is secret.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from recordings.simulator.faults import Fault
from recordings.simulator.webhooks import Attempt, events_of, send

if TYPE_CHECKING:
    from http.server import BaseHTTPRequestHandler

    from recordings.simulator.server import Simulator


def handle(handler: BaseHTTPRequestHandler, simulator: Simulator, path: str, body: bytes) -> None:
    """Answer one control request; bad input is 400 with a sentence."""
    try:
        given = json.loads(body) if body else {}
        answer = _act(
            simulator, handler.command, path.removeprefix("/_simulator").strip("/"), given
        )
        status = 200 if answer is not None else 404
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        status, answer = 400, {"error": str(error)}
    data = json.dumps(answer, ensure_ascii=False, default=str).encode()
    handler.send_response(status)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", str(len(data)))
    handler.end_headers()
    handler.wfile.write(data)


def _act(simulator: Simulator, method: str, name: str, given: Any) -> Any:
    """Do what is asked; None where there is nothing of that name."""
    if method == "POST":
        if name == "options":
            simulator.options.update(given)
        elif name == "faults":
            items = given if isinstance(given, list) else [given]
            simulator.faults.set([_fault(item) for item in items])
        elif name == "faults/add":
            simulator.faults.add(_fault(given))
        elif name == "advance":
            simulator.advance(float(given["seconds"]))
        elif name == "remake":
            simulator.remake(given["recording_id"], announced=bool(given.get("announced", True)))
        elif name == "reset":
            simulator.faults.clear()
            simulator.requests.clear()
        elif name == "webhook":
            return [attempt.as_json() for attempt in _send(simulator, given)]
        else:
            return None
    elif method == "DELETE" and name == "faults":
        simulator.faults.clear()
    elif method == "DELETE" and name == "requests":
        log = _log(simulator)
        simulator.requests.clear()
        return log
    elif name == "requests":
        return _log(simulator)
    elif name not in ("", "options", "faults"):
        return None
    return _state(simulator)


def _send(simulator: Simulator, given: dict[str, Any]) -> list[Attempt]:
    """Send the `events` given, or with a `session_id` those of that call (of `type` only)."""
    session_id, kind = given.pop("session_id", None), given.pop("type", None)
    if session_id is not None:
        call = simulator.call(session_id)
        if call is None:
            raise ValueError(f"There is no session {session_id}.")
        given["events"] = [e for e in events_of(call) if kind in (None, e["type"])]
    return send(**given)


def _fault(given: dict[str, Any]) -> Fault:
    return Fault(**{name: value for name, value in given.items() if name != "hits"})


def _log(simulator: Simulator) -> list[dict[str, Any]]:
    return [request.as_json() for request in simulator.requests]


def _state(simulator: Simulator) -> dict[str, Any]:
    return {
        "url": simulator.url,
        "epoch": simulator.epoch,
        "now": simulator.now(),
        "options": vars(simulator.options),
        "faults": [fault.as_json() for fault in simulator.faults],
        "requests": len(simulator.requests),
        "open_connections": simulator.open_connections,
        "sessions": [call.id for call in simulator.calls],
    }
