"""The demo's calls: the same ids for ever, times relative to the moment the demo was made."""

# Names are spelt as their owners spell them.
# ruff: noqa: RUF001

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from recordings.simulator.calls import CHANNELS, Call, Recording, whole_second
from recordings.simulator.spoken import Clip, dialogue

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
HOUR_LONG_SECONDS = 3600


def _ulid_like(prefix: str, name: str) -> str:
    """An id that looks like the vendor's and depends on nothing but the name."""
    digest = hashlib.sha256(name.encode()).digest()
    return f"{prefix}01K" + "".join(CROCKFORD[byte % 32] for byte in digest[:23])


@dataclass(frozen=True)
class DemoCall:
    """One demo call in short; `_build` makes the vendor's objects of it."""

    name: str
    speech: str
    ago: timedelta
    metadata: dict[str, Any]
    session: dict[str, Any] = field(default_factory=dict)
    retention: timedelta = timedelta(days=30)
    recording: dict[str, Any] = field(default_factory=dict)
    clip: Callable[[Clip], Clip] | None = None
    paused: float = 0.0
    mulaw: bool = False
    id: str = ""
    recording_ids: tuple[str, ...] = ()

    @property
    def session_id(self) -> str:
        return self.id or _ulid_like("sess_", self.name)

    def recording_id(self, part: int, channel: str) -> str:
        if self.recording_ids:
            return self.recording_ids[CHANNELS.index(channel)]
        return _ulid_like("rec_", f"{self.name}/{part}/{channel}")


def _inbound(caller: str, **more: Any) -> dict[str, Any]:
    return {"from": caller, "to": "+4930901820", "direction": "inbound", **more}


def _outbound(callee: str, **more: Any) -> dict[str, Any]:
    return {"from": "+4930901820", "to": callee, "direction": "outbound", **more}


def _an_hour(clip: Clip) -> Clip:
    return clip.repeated(-(-HOUR_LONG_SECONDS // max(1, int(clip.duration))))


DEMO_CALLS = (
    DemoCall(
        "missing parcel",
        "missing-parcel",
        timedelta(hours=3, minutes=12),
        _inbound(
            "+491711234567",
            ticket_id="T-4711",
            customer_id="C-1009",
            agent_name="Ana Kowalčík",
            customer_name="Jürgen Groß",
        ),
        id="sess_01HXYZ123456789",
        recording_ids=("rec_01HABC987654321", "rec_01HABC987654322", "rec_01HABC987654323"),
    ),
    DemoCall(
        "double charge",
        "double-charge",
        timedelta(days=1, hours=2),
        _inbound(
            "+34612345678",
            ticket_id="T-4698",
            customer_id="C-2210",
            agent_name="Daniel Brooks",
            customer_name="María Núñez",
        ),
    ),
    DemoCall(
        "late arrival",
        "late-arrival",
        timedelta(days=2, hours=5, minutes=40),
        _inbound(
            "+33612345678", ticket_id="T-4660", agent_name="Grace Hill", customer_name="Zoé L’Hôte"
        ),
        {"provider": "telnyx"},
    ),
    DemoCall(
        "no internet",
        "no-internet",
        timedelta(days=4, hours=1),
        _outbound(
            "+393331234567",
            ticket_id="T-4581",
            agent_name="Ewan MacLeod",
            customer_name="Niccolò D’Amico",
        ),
    ),
    DemoCall(
        "warranty",
        "warranty",
        timedelta(days=8, hours=6),
        _inbound(
            "+48601234567",
            ticket_id="T-4402",
            agent_name="Jana Öztürk",
            customer_name="Łukasz Wójcik",
        ),
        {"provider": "sip", "phone_number": None},
    ),
    DemoCall(
        "new password",
        "new-password",
        timedelta(days=12, hours=3),
        _inbound(
            "+5511912345678",
            ticket_id="T-4290",
            agent_name="Olivia Reed",
            customer_name='<img src=x onerror=alert(1)> & João "Jô"',
            note="<script>alert('metadata')</script>",
        ),
        mulaw=True,
    ),
    DemoCall(
        "cancelled flight",
        "cancelled-flight",
        timedelta(days=17, hours=4),
        _inbound(
            "+31612345678",
            ticket_id="T-4103",
            agent_name="Oliver Young",
            customer_name="Anouk de Vries",
        ),
        {"end_reason": "customer_hangup"},
    ),
    DemoCall(
        "wrong size",
        "wrong-size",
        timedelta(days=24, hours=7),
        _inbound(
            "+905321234567",
            ticket_id="T-3977",
            agent_name="Priya Shah",
            customer_name="Çağrı Yıldız",
        ),
    ),
    DemoCall(
        "paused and resumed",
        "late-arrival",
        timedelta(days=3, hours=2),
        _inbound(
            "+33698765432", ticket_id="T-4630", agent_name="Grace Hill", customer_name="Inès Faÿ"
        ),
        paused=45.0,
    ),
    DemoCall(
        "an hour long",
        "missing-parcel",
        timedelta(days=5, hours=3),
        _inbound(
            "+491629876543",
            ticket_id="T-4555",
            agent_name="Ana Kowalčík",
            customer_name="Käthe Weiß",
        ),
        clip=_an_hour,
    ),
    DemoCall(
        "still processing",
        "double-charge",
        timedelta(minutes=2),
        _inbound(
            "+34698765432",
            ticket_id="T-4720",
            agent_name="Daniel Brooks",
            customer_name="Íñigo Peña",
        ),
        # The portal lists it unasked, when the demo is made and from its worker; the clock is
        # to run when a person looks.
        recording={"ready_after": 20.0, "unwatched": 3},
    ),
    DemoCall(
        "failed",
        "no-internet",
        timedelta(days=6),
        _inbound("+393339876543", ticket_id="T-4501", agent_name="Ewan MacLeod"),
        recording={"status": "failed"},
    ),
    DemoCall(
        "expiring soon",
        "cancelled-flight",
        timedelta(days=7) - timedelta(hours=2),
        _inbound(
            "+31687654321",
            ticket_id="T-4470",
            agent_name="Oliver Young",
            customer_name="Bram Visser",
        ),
        retention=timedelta(days=7),
    ),
    DemoCall(
        "expired",
        "wrong-size",
        timedelta(days=9),
        _inbound(
            "+905329876543", ticket_id="T-4391", agent_name="Priya Shah", customer_name="Gül Şahin"
        ),
        retention=timedelta(days=7),
    ),
    DemoCall(
        "not recorded",
        "warranty",
        timedelta(days=10),
        _outbound("+48609876543", ticket_id="T-4333", agent_name="Jana Öztürk"),
        {"recording_enabled": False, "recordings": (), "turns": ()},
    ),
    DemoCall(
        "in progress",
        "new-password",
        timedelta(minutes=1),
        _inbound("+5511987654321", ticket_id="T-4722", agent_name="Olivia Reed"),
        {"status": "active", "ended_at": None, "recordings": (), "turns": ()},
    ),
)


def demo_session_ids() -> list[str]:
    """The ids of the demo's sessions, always in the same order."""
    return [demo.session_id for demo in DEMO_CALLS]


def demo_calls(epoch: datetime) -> list[Call]:
    """The demo's calls as they were at `epoch`."""
    return [_build(demo, whole_second(epoch)) for demo in DEMO_CALLS]


def _build(demo: DemoCall, epoch: datetime) -> Call:
    speech = dialogue(demo.speech)
    whole = speech.whole()
    clips = [demo.clip(whole) if demo.clip else whole]
    if demo.paused:
        clips = list(speech.split())
    length = sum(clip.duration for clip in clips) + demo.paused
    ended = epoch - demo.ago
    started = ended - timedelta(seconds=round(length))
    recordings, turns, offset = [], [], 0.0
    for part, clip in enumerate(clips):
        offset += demo.paused if part else 0.0
        turns += clip.turns(offset)
        offset += clip.duration
        created = ended if part == len(clips) - 1 else started + timedelta(seconds=round(offset))
        recordings += [_recording(demo, clip, part, channel, created) for channel in CHANNELS]
    call = Call(
        id=demo.session_id,
        created_at=started - timedelta(seconds=7),
        started_at=started,
        ended_at=ended,
        source_language=speech.languages["customer"],
        target_language=speech.languages["agent"],
        metadata=demo.metadata,
        recordings=tuple(recordings),
        turns=tuple(turns),
    )
    return replace(call, **demo.session)


def _recording(demo: DemoCall, clip: Clip, part: int, channel: str, created: datetime) -> Recording:
    mixed = channel == "mixed"
    return Recording(
        id=demo.recording_id(part, channel),
        channel=channel,
        format="mp3" if mixed else "wav",
        duration=round(clip.duration, 1),
        audio=clip.mp3(channel) if mixed else clip.leg(channel, mulaw=demo.mulaw),
        as_mp3=None if mixed else clip.mp3(channel),
        created_at=created,
        expires_at=created + demo.retention,
        **demo.recording,
    )
