"""The relay without a server around it: for what only shows between processes and threads."""

import contextlib
import threading
from itertools import count
from pathlib import Path

from recordings.audio.job import Job
from recordings.audio.relay import Relay
from recordings.audio.source import Source
from recordings.audio.store import Store
from recordings.kallglot import Client
from recordings.simulator import Simulator, make_call

from .asking import eventually
from .limits import QUICK

_numbers = count(1)


class Thing:
    """One recording at the vendor and its key in the store."""

    def __init__(self, key: str, recording_id: str, content: bytes) -> None:
        self.key, self.id, self.bytes = key, recording_id, content


class Workshop:
    """A `Relay` over `root` that fetches from `vendor`."""

    def __init__(self, vendor: Simulator, root: Path) -> None:
        self.vendor, self.root = vendor, root
        self.store = Store(root)
        self.relay = Relay(self.store)
        self._client = Client(vendor.key, vendor.url, limits=QUICK)

    def close(self) -> None:
        assert eventually(lambda: not self.threads()), self.threads()
        self._client.close()

    def thing(self, audio) -> Thing:
        number = next(_numbers)
        call = make_call(f"sess_w{number}", {"mixed": audio})
        self.vendor.add_call(call)
        source = call.recordings[0].audio
        content = b"".join(bytes(block) for block in source.blocks(0, source.size))
        return Thing(f"{number}-{number:012x}", f"rec_w{number}_mixed", content)

    def job(self, thing: Thing) -> Job:
        def fetch(start):
            return self._client.open_audio(thing.id, start=start)

        return Job(thing.key, fetch, format="mp3", size=len(thing.bytes))

    def open(self, thing: Thing, *, for_player: bool = False) -> Source:
        return self.relay.open(self.job(thing), for_player=for_player)

    def play(self, thing: Thing) -> tuple[bytes, str]:
        """The player's bytes from the first to the last, and their entity tag."""
        with contextlib.closing(self.open(thing, for_player=True)) as source:
            return b"".join(source.blocks(0, None)), source.etag

    def read(self, thing: Thing, start: int = 0, stop: int | None = None) -> bytes:
        with contextlib.closing(self.open(thing)) as source:
            return b"".join(source.blocks(start, stop))

    def gets(self, thing: Thing) -> int:
        return self.vendor.requests.count(f"/recordings/{thing.id}/audio")

    def sent(self, thing: Thing) -> int:
        """Bytes the vendor has sent of it."""
        return sum(r.sent for r in self.vendor.requests.matching(f"/recordings/{thing.id}/audio"))

    def threads(self) -> list[str]:
        names = [thread.name for thread in threading.enumerate()]
        return [name for name in names if name.startswith(("fill-", "tail-", "watch-", "wishes-"))]
