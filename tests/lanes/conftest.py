"""A call of the demo's speech, and a worker that does nothing by itself."""

import pytest

from recordings import tasks
from recordings.services import sync
from recordings.services import vendor as vendor_service
from recordings.simulator import make_call
from tests.audio.voices import body, whole
from tests.conftest import CALL

from .known import SPEECH


@pytest.fixture(autouse=True)
def asked_for(monkeypatch):
    """The jobs that were asked for; none of them runs by itself."""
    asked = []
    monkeypatch.setattr(tasks, "soon", lambda task, delay_s=1.0: asked.append(task))
    return asked


@pytest.fixture(autouse=True)
def foreground(monkeypatch):
    """Fetching as if somebody waited: the background client's thread notes the rate limit, and
    would wait for the write lock that a test's own transaction holds."""
    client = vendor_service.client
    monkeypatch.setattr(vendor_service, "client", lambda **_: client())


@pytest.fixture
def spoken(vendor, db):
    """A call of the demo's speech: `spoken()`, or with other files by channel."""

    def make(parts=1, **other):
        clip = whole(SPEECH)
        audio = {
            "mixed": body(clip.mp3("mixed")),
            "agent": body(clip.leg("agent")),
            "customer": body(clip.leg("customer")),
            **other,
        }
        audio = {channel: content for channel, content in audio.items() if content}
        vendor.add_call(make_call(CALL, audio, parts=parts))
        return sync.open_call(CALL)

    return make
