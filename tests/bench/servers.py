"""What is compared: six servers that are asked for the same recordings, each in its own way."""

import itertools
import shutil
import time
from pathlib import Path

from .client import Ask, ask
from .processes import Failed, Program
from .vendor import KEY, Recording

PAGES = {"sign-in page": "/accounts/login/", "library": "/", "healthz": "/healthz"}
"""Pages that are asked for while others listen."""
_WHOLE = ("audio", "facts.json", "checked.json")
_FILLED_WITHIN_S = 30


class Server:
    """One server under measurement.

    `ask` makes a request for a recording; `make_cold` sees to it that the next one is the first
    for its recording, and recycles memory so that no server pays for pages never used before.
    """

    name = ""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.port = program.port

    def ask(self, recording: Recording, range_: str = "") -> Ask:
        raise NotImplementedError

    def make_cold(self) -> None: ...

    def wait_until_idle(self) -> None:
        """Return when no download is under way any more."""

    def _ask(self, path: str, range_: str, **headers: str) -> Ask:
        if range_:
            headers["Range"] = f"bytes={range_}"
        return ask(self.port, path, **headers)


class Direct(Server):
    """The vendor itself, without anything between."""

    name = "direct"

    def ask(self, recording: Recording, range_: str = "") -> Ask:
        path = f"/v1/recordings/{recording.id}/audio"
        return self._ask(path, range_, Authorization=f"Bearer {KEY}")


class Naive(Server):
    name = "naive"

    def ask(self, recording: Recording, range_: str = "") -> Ask:
        return self._ask(f"/audio/{recording.id}", range_)


class NginxStatic(Server):
    name = "nginx-static"

    def ask(self, recording: Recording, range_: str = "") -> Ask:
        return self._ask(f"/{recording.size}.wav", range_)


class Floor(NginxStatic):
    name = "floor"


class NginxCache(Server):
    name = "nginx-cache"

    def __init__(self, program: Program, cache: Path) -> None:
        super().__init__(program)
        self._cache = cache
        self._numbers = itertools.count()
        self.make_cold()

    def ask(self, recording: Recording, range_: str = "") -> Ask:
        return self._ask(f"/audio/{recording.id}?cold={self._cold}", range_)

    def make_cold(self) -> None:
        # nginx would look for files it knows; a new query is a new recording to it.
        self._cold = next(self._numbers)
        _empty(self._cache)


class Relay(Server):
    """A server over the portal's relay, with its audio folder."""

    def __init__(self, program: Program, audio_dir: Path, cookie: str = "") -> None:
        super().__init__(program)
        self._audio_dir = audio_dir
        self.cookie = cookie

    def make_cold(self) -> None:
        self.wait_until_idle()
        self.empty()

    def empty(self) -> None:
        _empty(self._audio_dir)

    def wait_until_idle(self) -> None:
        deadline = time.monotonic() + _FILLED_WITHIN_S
        while any(path.name not in _WHOLE for path in self._audio_dir.glob("*/*")):
            if time.monotonic() > deadline:
                raise Failed(f"A download of {self.name} does not end.")
            time.sleep(0.01)


class Portal(Relay):
    """The real view under its real server, with sign-in, rights and trail."""

    name = "portal"

    def ask(self, recording: Recording, range_: str = "") -> Ask:
        return self._ask(f"/recordings/{recording.id}/audio", range_, Cookie=self.cookie)

    def page(self, path: str) -> Ask:
        """One of `PAGES`; who is signed in would be led away from the sign-in page."""
        headers = {} if path == PAGES["sign-in page"] else {"Cookie": self.cookie}
        return ask(self.port, path, **headers)


class Bare(Relay):
    """The relay alone, behind a view that knows nobody."""

    name = "bare view"

    def ask(self, recording: Recording, range_: str = "") -> Ask:
        return self._ask(f"/audio/{recording.id}", range_)


def recycle(folder: Path, size: int) -> None:
    """Write and remove a file, so that the next one gets memory that was used before.

    On virtual machines the first use of a page of memory is slow, and only servers that keep
    files would pay for it.
    """
    path = folder / "recycled"
    block = bytes(2**20)
    with path.open("wb") as file:
        for _ in range(size // len(block)):
            file.write(block)
    path.unlink()


def _empty(folder: Path) -> None:
    for path in folder.glob("*"):
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
