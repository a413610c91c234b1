"""The vendor's webhooks: signed, sent, sent again."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import random
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from recordings.simulator.calls import Call
from recordings.simulator.shapes import stamp

RETRY_DELAYS = (0, 60, 300, 1800, 7200, 18000, 36000, 86400)
"""Seconds before each of the vendor's eight attempts."""


def sign(secret: str, body: bytes, timestamp: int) -> str:
    """The `Kallglot-Signature` value for these very bytes."""
    mac = hmac.new(secret.encode(), f"{timestamp}.".encode() + body, hashlib.sha256)
    return f"t={timestamp},v1={mac.hexdigest()}"


def event(
    kind: str, data: dict[str, Any], event_id: str = "", created_at: str | None = None
) -> dict:
    """The envelope of an event; the same kind and data have the same id."""
    if not event_id:
        content = json.dumps([kind, data], sort_keys=True).encode()
        event_id = "evt_" + hashlib.sha256(content).hexdigest()[:14].upper()
    return {
        "id": event_id,
        "type": kind,
        "api_version": "v1",
        "created_at": created_at or stamp(datetime.now(UTC)),
        "data": data,
    }


def events_of(call: Call) -> list[dict[str, Any]]:
    """The events of a call's life, in the order in which they happened.

    Only the fields the vendor shows are sure; the rest of the data is kept to ids and status.
    """
    moments = (
        ("session.created", "created", call.created_at),
        ("session.started", "active", call.started_at),
        ("session.ended", "ended", call.ended_at),
    )
    events = []
    for kind, status, moment in moments:
        if moment is not None:
            data = {"id": call.id, "object": "session", "status": status}
            if kind == "session.ended":
                data["duration"] = call.duration
            events.append(event(kind, data, created_at=stamp(moment)))
    for item in call.recordings:
        kind = "recording.failed" if item.status == "failed" else "recording.ready"
        data = {"id": item.id, "object": "recording", "session_id": call.id}
        data |= {"channel": item.channel, "status": item.status}
        events.append(event(kind, data, created_at=stamp(item.created_at)))
    return events


@dataclass(frozen=True)
class Attempt:
    """One delivery and the receiver's answer; `status` is 0 when none came."""

    event_id: str
    retry_count: int
    status: int
    body: str

    def as_json(self) -> dict[str, Any]:
        return dict(vars(self))


def send(
    url: str,
    secret: str,
    events: dict[str, Any] | bytes | list[dict[str, Any] | bytes],
    *,
    copies: int = 1,
    shuffle: int | None = None,
    retries: bool = False,
    time_scale: float = 0.0,
    timeout: float = 30,
    clock_offset: int = 0,
    sleep: Callable[[float], None] = time.sleep,
) -> list[Attempt]:
    """POST one event or several, and return every attempt in order.

    `copies` sends each event that often; `shuffle` is the seed of another order; `retries`
    tries again on anything but 2xx, at most eight times, with the vendor's waits multiplied by
    `time_scale` (0: at once). `clock_offset` moves the signature's time, for a vendor whose
    clock is wrong. An event may be bytes, to send a body that is no JSON.
    """
    queue = list(events) if isinstance(events, list) else [events]
    queue = [item for item in queue for _ in range(copies)]
    if shuffle is not None:
        random.Random(shuffle).shuffle(queue)  # noqa: S311  # a repeatable order
    attempts: list[Attempt] = []
    for item in queue:
        body = item if isinstance(item, bytes) else _encode(item)
        created = int(time.time()) + clock_offset
        delays: Iterable[float] = RETRY_DELAYS if retries else (0,)
        for count, delay in enumerate(delays):
            if delay * time_scale > 0:
                sleep(delay * time_scale)
            attempt = _post(url, secret, body, count, created, clock_offset, timeout)
            attempts.append(attempt)
            if 200 <= attempt.status < 300:
                break
    return attempts


def _encode(item: dict[str, Any]) -> bytes:
    return json.dumps(item, ensure_ascii=False, separators=(",", ":")).encode()


def _event_id(body: bytes) -> str:
    try:
        return str(json.loads(body)["id"])
    except (ValueError, KeyError, TypeError):
        return ""


def _post(
    url: str,
    secret: str,
    body: bytes,
    count: int,
    created: int,
    clock_offset: int,
    timeout: float,
) -> Attempt:
    # Signed anew for every attempt: a late retry is no replay.
    now = int(time.time()) + clock_offset
    delivery = hashlib.sha256(body).hexdigest()[:12].upper()
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "Kallglot-Webhooks/1.0",
        "Kallglot-Signature": sign(secret, body, now),
        "Kallglot-Webhook-Id": f"wh_del_{delivery}",
        "Kallglot-Retry-Count": str(count),
        "Kallglot-Original-Timestamp": str(created),
    }
    parts = urlsplit(url)
    https = parts.scheme == "https"
    factory = http.client.HTTPSConnection if https else http.client.HTTPConnection
    connection = factory(parts.hostname or "", parts.port, timeout=timeout)
    try:
        connection.request("POST", parts.path or "/", body, headers)
        response = connection.getresponse()
        text = response.read(4096).decode("utf-8", "replace")
        return Attempt(_event_id(body), count, response.status, text)
    except (OSError, http.client.HTTPException):
        return Attempt(_event_id(body), count, 0, "")
    finally:
        connection.close()
