"""The portal's tables: what we know of Kallglot's objects, and of the people who see them."""

from .audit import Access, AuditAction, AuditChain, AuditEvent, AuditOutcome
from .exports import Export, ExportKind, ExportState
from .imports import Import, ImportItem, ImportOutcome
from .lanes import CallFigures, Lanes, LanesState
from .listening import ListeningPosition
from .notes import Note
from .recordings import Recording
from .search import SearchDocument
from .sessions import Session, SessionState
from .states import CallState, RecordingState, recording_state
from .teams import Team
from .transcripts import Transcript, Turn
from .vendor import VendorState
from .webhooks import WebhookEvent
from .work import AudioPrefetch, ItemAttempt, Lease, WorkerState

__all__ = [
    "Access",
    "AudioPrefetch",
    "AuditAction",
    "AuditChain",
    "AuditEvent",
    "AuditOutcome",
    "CallFigures",
    "CallState",
    "Export",
    "ExportKind",
    "ExportState",
    "Import",
    "ImportItem",
    "ImportOutcome",
    "ItemAttempt",
    "Lanes",
    "LanesState",
    "Lease",
    "ListeningPosition",
    "Note",
    "Recording",
    "RecordingState",
    "SearchDocument",
    "Session",
    "SessionState",
    "Team",
    "Transcript",
    "Turn",
    "VendorState",
    "WebhookEvent",
    "WorkerState",
    "recording_state",
]
