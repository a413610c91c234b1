"""A client for Kallglot's call recordings API, and the check of its webhooks' signatures."""

from . import errors, signatures, types
from .audio_stream import AudioStream
from .client import Client
from .gate import Gate
from .limits import Limits

__all__ = ["AudioStream", "Client", "Gate", "Limits", "errors", "signatures", "types"]
