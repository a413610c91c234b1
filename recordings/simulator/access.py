"""What a key may ask for, and which parameters each endpoint knows."""

from __future__ import annotations

from recordings.simulator.messages import Request
from recordings.simulator.options import Options

_PAGING = {"limit", "starting_after", "ending_before"}


def has_scope(path: str, options: Options) -> bool:
    """Whether the key has the scope that `path` needs; the vendor names none for transcripts."""
    scope = "recordings:read" if "/recordings" in path else "sessions:read"
    if path.endswith("/transcript"):
        scope = options.transcript_scope
    return scope in options.scopes.split(",")


def unknown_parameters(request: Request, options: Options) -> set[str]:
    """The parameters to refuse: those the endpoint does not know, where that is switched on."""
    if options.unknown_parameters == "ignored":
        return set()
    known: set[str] = set()
    if request.path.endswith("/recordings"):
        known = set() if options.generation == "newer" else {"channel"}
        known |= set() if options.paging == "off" else _PAGING
    elif options.generation == "older" and request.path.endswith("/download"):
        known = {"format", "sample_rate"}
    elif options.generation == "older" and request.path.endswith("/transcript"):
        known = {"format", "include_translations"}
    return request.parameters.keys() - known
