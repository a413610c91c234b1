"""What Kallglot told of a call and of a recording, as the columns of our rows."""

from recordings.kallglot import types
from recordings.models import Recording, Session


def of_session(call: types.Session) -> dict:
    """The columns of `Session` that Kallglot fills."""
    return {
        **_texts(
            Session,
            status=call.status,
            mode=call.mode,
            source_language=call.source_language,
            target_language=call.target_language,
            provider=call.provider,
            phone_number=call.phone_number,
            end_reason=call.end_reason,
        ),
        "duration": call.duration,
        "recording_enabled": call.recording_enabled,
        "metadata": dict(call.metadata),
        "created_at": call.created_at,
        "started_at": call.started_at,
        "ended_at": call.ended_at,
    }


def of_recording(recording: types.Recording) -> dict:
    """The columns of `Recording` that Kallglot fills, None where it said nothing."""
    return {
        **_texts(
            Recording,
            channel=recording.channel,
            status=recording.status,
            format=recording.format,
        ),
        "duration": recording.duration,
        "size": recording.size,
        "sample_rate": recording.sample_rate,
        "bit_depth": recording.bit_depth,
        "created_at": recording.created_at,
        "expires_at": recording.expires_at,
    }


def _texts(model, **values: str | None) -> dict[str, str]:
    """The values cut to their columns: an over-long word of the vendor must not lose a row."""
    return {
        name: (value or "")[: model._meta.get_field(name).max_length]
        for name, value in values.items()
    }
