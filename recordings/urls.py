"""Every address of the portal, on one screen."""

from django.urls import path, register_converter

from recordings.kallglot import types
from recordings.services import transcript_files
from recordings.views import (
    audio,
    exports,
    health,
    imports,
    library,
    listening,
    notes,
    sessions,
    sign_in,
    transcripts,
    waveform,
    webhooks,
)


def _inner(pattern) -> str:
    return pattern.pattern.removeprefix(r"\A").removesuffix(r"\Z")


class _SessionId:
    # An id that Kallglot could not have made is not found: no look-up, no vendor call.
    regex = _inner(types.SESSION_ID)
    to_python = staticmethod(str)
    to_url = staticmethod(str)


class _RecordingId(_SessionId):
    regex = _inner(types.RECORDING_ID)


class _TranscriptKind(_SessionId):
    regex = "|".join(transcript_files.KINDS)


register_converter(_SessionId, "sess")
register_converter(_RecordingId, "rec")
register_converter(_TranscriptKind, "transcript")

urlpatterns = [
    # A player asks for this every few seconds, and Django looks at one address after the other.
    path("recordings/<rec:recording_id>/audio", audio.audio, name="audio"),
    path("", library.library, name="library"),
    path("sessions/<sess:session_id>/line", library.call_row, name="call-row"),
    path("sessions/open", library.open_calls, name="open-calls"),
    path("sessions/<sess:session_id>/", sessions.session_page, name="session"),
    path("sessions/<sess:session_id>/recordings", sessions.recordings, name="recordings"),
    path("sessions/<sess:session_id>/refresh", sessions.refresh, name="refresh-session"),
    path("sessions/<sess:session_id>/listening", listening.listening, name="listening"),
    path("sessions/<sess:session_id>/notes", notes.of_call, name="notes"),
    path("notes/<int:number>", notes.edit, name="edit-note"),
    path("notes/<int:number>/delete", notes.delete, name="delete-note"),
    path("notes/<int:number>/resolve", notes.resolve, name="resolve-note"),
    path("sessions/<sess:session_id>/neighbours", listening.neighbours, name="neighbours"),
    path("sessions/<sess:session_id>/transcript", transcripts.transcript, name="transcript"),
    path(
        "sessions/<sess:session_id>/transcript.<transcript:kind>",
        transcripts.transcript_file,
        name="transcript-file",
    ),
    path("recordings/<rec:recording_id>/row", sessions.recording_row, name="recording-row"),
    # Safari chooses its decoder by the end of the address.
    path("recordings/<rec:recording_id>/audio.mp3", audio.audio),
    path("recordings/<rec:recording_id>/audio.wav", audio.audio),
    path("recordings/<rec:recording_id>/download", audio.download, name="download"),
    path("recordings/<rec:recording_id>/waveform", waveform.waveform, name="waveform"),
    path("imports/", imports.imports, name="imports"),
    path("imports/<int:number>/", imports.one, name="import"),
    path("imports/<int:number>/progress", imports.progress, name="import-progress"),
    path("imports/<int:number>/stop", imports.stop, name="stop-import"),
    path("exports/", exports.exports, name="exports"),
    path("exports/<int:number>/", exports.one, name="export"),
    path("exports/<int:number>/progress", exports.progress, name="export-progress"),
    path("exports/<int:number>/download", exports.download, name="export-download"),
    path("accounts/login/", sign_in.SignIn.as_view(), name="login"),
    path("accounts/logout/", sign_in.SignOut.as_view(), name="logout"),
    path("webhooks/kallglot", webhooks.kallglot, name="webhooks"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
]
