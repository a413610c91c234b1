"""The vendor's JSON objects, in the shape of each generation of its documentation."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from recordings.simulator.calls import Call, Recording, Turn

Json = dict[str, Any]

# Made up; tests look for it where it must not be.
STREAM_TOKEN = "kst_test_0simulated0stream0token0"  # noqa: S105


def stamp(moment: datetime | None) -> str | None:
    """ISO 8601, UTC, whole seconds, `Z`."""
    return None if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def list_item(recording: Recording, call: Call, status: str, size: int, generation: str) -> Json:
    """A recording as the session's list shows it."""
    item = {
        "id": recording.id,
        "object": "recording",
        "session_id": call.id,
        "channel": recording.channel,
        "duration": recording.duration,
        "format": recording.format,
        "size": size,
        "status": status,
        "created_at": stamp(recording.created_at),
        "expires_at": stamp(recording.expires_at),
    }
    if generation == "newer":
        for name in ("channel", "size", "expires_at"):
            del item[name]
    return item


def recording_detail(recording: Recording, call: Call, status: str, size: int) -> Json:
    """A recording asked for by its own id: the list's fields and a few more."""
    return {
        **list_item(recording, call, status, size, "seed"),
        "sample_rate": recording.sample_rate,
        "bit_depth": recording.bit_depth,
        "download_url": f"/v1/recordings/{recording.id}/audio",
    }


def unready(item: Json, fields: str) -> Json:
    """What is not known before a recording is ready becomes null, or is left out."""
    unknown = {"duration", "size", "expires_at", "download_url"} & item.keys()
    if fields == "absent":
        return {name: value for name, value in item.items() if name not in unknown}
    return {name: None if name in unknown else value for name, value in item.items()}


def session(call: Call, generation: str, now: datetime) -> Json:
    """A session; an active one carries a live stream token."""
    shape: Json = {
        "id": call.id,
        "object": "session",
        "status": call.status,
        "mode": call.mode,
        "provider": call.provider,
        "phone_number": call.phone_number,
        "source_language": call.source_language,
        "target_language": call.target_language,
        "recording": {"enabled": call.recording_enabled},
        "metadata": None if call.metadata is None else dict(call.metadata),
        "created_at": stamp(call.created_at),
        "started_at": stamp(call.started_at),
        "ended_at": stamp(call.ended_at),
    }
    if call.status == "active":
        host = "stream.kallglot.com" if generation == "older" else "api.kallglot.com"
        shape["stream"] = {
            "url": f"wss://{host}/v1/sessions/{call.id}/connect",
            "token": STREAM_TOKEN,
            "expires_at": stamp(now + timedelta(minutes=5)),
        }
    if generation == "older":
        _make_older(shape, call, now)
    return shape


def _make_older(shape: Json, call: Call, now: datetime) -> None:
    """Older pages nest the provider, and add the duration, an end reason and a transcript."""
    shape["provider"] = {
        "type": call.provider,
        "phone_number": shape.pop("phone_number"),
        "status": "disconnected" if call.ended_at else "connected",
        "call_sid": f"CA{call.id.removeprefix('sess_').lower()}",
    }
    running = (now - call.started_at).total_seconds() if call.started_at else 0.0
    shape["duration"] = call.duration if call.ended_at else round(running, 1)
    if call.ended_at:
        shape["end_reason"] = call.end_reason
        if call.recordings:
            shape["recording"] |= {"id": call.recordings[0].id, "duration": shape["duration"]}
    shape["transcript"] = {
        "available": bool(call.turns) and call.ended_at is not None,
        "word_count": sum(len(turn.text.split()) for turn in call.turns),
    }


def transcript(call: Call, generation: str) -> Json:
    """Who said what: turns with the time of day, or segments with seconds."""
    started = call.started_at or call.created_at
    if generation == "older":
        return {
            "object": "transcript",
            "session_id": call.id,
            "status": "complete",
            "language": {"source": call.source_language, "target": call.target_language},
            "duration": call.duration,
            "word_count": sum(len(turn.text.split()) for turn in call.turns),
            "segments": [_segment(number, turn) for number, turn in enumerate(call.turns, 1)],
        }
    last = call.turns[-1].end if call.turns else 0.0
    return {
        "id": f"trn_{call.id}",
        "object": "transcript",
        "session_id": call.id,
        "status": "completed" if call.ended_at else "in_progress",
        "turns": [
            {
                "sequence": number,
                "speaker": turn.speaker,
                "language": turn.language,
                "text": turn.text,
                "translation": {"language": turn.translated_to, "text": turn.translation},
                "timestamp": stamp(started + timedelta(seconds=turn.start)),
            }
            for number, turn in enumerate(call.turns, 1)
        ],
        "metadata": {
            "total_turns": len(call.turns),
            "duration_seconds": round(last, 1),
            "languages_detected": list(dict.fromkeys(turn.language for turn in call.turns)),
        },
    }


def _segment(number: int, turn: Turn) -> Json:
    return {
        "id": f"seg_{number:03d}",
        "speaker": turn.speaker,
        "language": turn.language,
        "text": turn.text,
        "translation": turn.translation,
        "start_time": round(turn.start, 2),
        "end_time": round(turn.end, 2),
        "confidence": round(0.99 - (number * 7 % 11) / 100, 2),
    }


ERRORS: dict[int, tuple[str, str, str]] = {
    400: ("invalid_request_error", "invalid_request", "The request is invalid."),
    401: ("authentication_error", "invalid_api_key", "The API key is invalid."),
    402: ("permission_error", "insufficient_api_credits", "Your API credits are used up."),
    403: ("permission_error", "insufficient_permissions", "The API key may not do this."),
    # The vendor names no code for these; a client has to go by the status.
    404: ("not_found_error", "not_found", "There is no such object."),
    405: ("invalid_request_error", "method_not_allowed", "This method is not allowed here."),
    409: ("conflict_error", "conflict", "The object is not in a state to do that."),
    410: ("not_found_error", "gone", "The recording is no longer available."),
    416: ("invalid_request_error", "range_not_satisfiable", "The range lies outside the file."),
    422: ("invalid_request_error", "unprocessable", "The request cannot be processed."),
    425: ("conflict_error", "too_early", "The recording is still being processed."),
    429: ("rate_limit_error", "rate_limit_exceeded", "Too many requests."),
    500: ("api_error", "internal_error", "Something went wrong on our side."),
    502: ("api_error", "bad_gateway", "An upstream service failed."),
    503: ("api_error", "service_unavailable", "The service is temporarily unavailable."),
    504: ("api_error", "gateway_timeout", "An upstream service did not answer in time."),
}


def error(status: int, generation: str, request_id: str, retry_after: int | None = None) -> Json:
    """The error envelope."""
    kind, code, message = ERRORS.get(status, ("api_error", f"status_{status}", "Error."))
    if generation == "older":
        kind = {"permission_error": "authorization_error"}.get(kind, kind)
        return {
            "error": {
                "type": kind,
                "code": code,
                "message": message,
                "param": None,
                "doc_url": f"https://developer.kallglot.com/errors#{code}",
            }
        }
    body = {"type": kind, "code": code, "message": message, "request_id": request_id}
    if retry_after is not None:
        body["retry_after"] = retry_after
    return {"error": body}
