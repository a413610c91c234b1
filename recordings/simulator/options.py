"""The switches: which of the vendor's undocumented or contradictory behaviours to play."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

CHOICES: dict[str, tuple[Any, ...]] = {
    "generation": ("seed", "newer", "older"),
    "legs": ("wav", "mp3"),
    "head": ("405", "mirror"),
    "processing_status": (404, 202, 409, 425),
    "processing_fields": ("null", "absent"),
    "failed_status": (404, 409, 422),
    "expired_status": (410, 404),
    "validators": ("off", "strong", "weak", "date"),
    "scope_status": (403, 402, 401),
    "transcript_scope": ("sessions:read", "recordings:read", "analysis:read"),
    "empty_list_status": (200, 404),
    "unknown_parameters": ("ignored", "400"),
    "disposition": ("seed", "missing", "rfc5987", "path"),
    "paging": ("off", "cursor", "silent"),
    "error_body": ("json", "html", "empty"),
}


@dataclass
class Options:
    """Every switch with its default; all may be changed while the simulator runs."""

    generation: str = "seed"
    """Shape of lists, sessions, transcripts and errors."""
    range: bool = False
    """Honour `Range` on audio: `Accept-Ranges`, 206, 416."""
    latency_ms: float = 0
    """Wait before every answer."""
    bandwidth: float = 0
    """Bytes a second on each connection's bodies; 0 is as fast as it goes."""
    legs: str = "wav"
    """What the agent's and customer's files, announced as WAV, really are."""
    head: str = "405"
    """Answer to HEAD: 405, or the head of the GET."""
    processing_status: int = 404
    """Answer to asking for audio that is still processing."""
    processing_fields: str = "null"
    """`duration`, `size`, `expires_at`, `download_url` before ready: null or absent."""
    failed_status: int = 404
    """Answer to asking for audio whose recording failed."""
    expired_status: int = 410
    """Answer to asking for audio after `expires_at`."""
    list_expired: bool = True
    """Whether metadata of an expired recording is still to be had."""
    size_mismatch: bool = False
    """Metadata `size` differs from the bytes that come."""
    validators: str = "off"
    """Send with audio: a strong `ETag`, a weak one, or `Last-Modified` alone. An `ETag` changes
    with the first bytes of the file, and a matching `If-None-Match` is answered with 304."""
    redirect_audio: bool = False
    """Answer `/audio` with 302 to a signed storage address (`/download` in `older` always does)."""
    media_origin: str = ""
    """Scheme and host of that storage address; empty is the simulator itself."""
    paging: str = "off"
    """Lists whole; in pages with `has_more`; or in pages that do not say there are more."""
    error_body: str = "json"
    """Errors as the JSON envelope, as an HTML page, or empty."""
    rate_limit: int = 0
    """Requests a minute per key for recordings; 0 is no limit."""
    session_rate_limit: int = 0
    """Requests a minute per key for sessions and transcripts; 0 is no limit."""
    scopes: str = "sessions:read,recordings:read"
    """What the key may read, separated by commas."""
    scope_status: int = 403
    """Answer to asking for what the key has no scope for."""
    transcript_scope: str = "sessions:read"
    """The scope that transcripts need; none is documented."""
    empty_list_status: int = 200
    """Answer to asking for the list of a session without recordings."""
    unknown_parameters: str = "ignored"
    """Parameters that an endpoint does not know: ignored, or answered with 400."""
    disposition: str = "seed"
    """`Content-Disposition` of audio: as documented, missing, with an encoded name, or with a path
    and a wrong ending in its name."""

    def __post_init__(self) -> None:
        self.update({})

    def update(self, changes: dict[str, Any]) -> None:
        """Set several switches; an unknown name or value raises `ValueError` and sets nothing."""
        names = {item.name: item.type for item in fields(self)}
        for name, value in {**vars(self), **changes}.items():
            if name not in names:
                raise ValueError(f"There is no switch named {name}.")
            if name in CHOICES and value not in CHOICES[name]:
                raise ValueError(f"{name} is one of {', '.join(map(str, CHOICES[name]))}.")
            if names[name] == "bool" and not isinstance(value, bool):
                raise ValueError(f"{name} is true or false.")
            if names[name] in ("int", "float") and not (
                isinstance(value, (int, float)) and value >= 0
            ):
                raise ValueError(f"{name} is a number from 0 on.")
        for name, value in changes.items():
            setattr(self, name, value)

    def set_from_text(self, text: str) -> None:
        """Set one switch from `name=value` as typed by a person."""
        name, equals, value = text.partition("=")
        current = getattr(self, name, None) if equals and name in vars(self) else None
        if current is None:
            raise ValueError(f"{text} is not NAME=VALUE with the name of a switch.")
        if isinstance(current, bool):
            if value not in ("on", "off"):
                raise ValueError(f"{name} is on or off.")
            self.update({name: value == "on"})
        else:
            self.update({name: type(current)(value)})
