"""What was asked of the simulator, in order of arrival."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass
class LoggedRequest:
    """One request; `status` and `sent` (body bytes) fill in while it is answered."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    at: float = field(default_factory=time.time)
    status: int | None = None
    sent: int = 0
    faults: tuple[str, ...] = ()
    done: bool = False

    def as_json(self) -> dict[str, Any]:
        """For the control endpoint."""
        return {**vars(self), "headers": dict(self.headers), "faults": list(self.faults)}


class RequestLog:
    """A list of requests that many threads may append to and read."""

    def __init__(self) -> None:
        self._requests: list[LoggedRequest] = []
        self._changed = threading.Condition()

    def add(self, request: LoggedRequest) -> None:
        with self._changed:
            self._requests.append(request)
            self._changed.notify_all()

    def finish(self, request: LoggedRequest) -> None:
        with self._changed:
            request.done = True
            self._changed.notify_all()

    def all(self) -> list[LoggedRequest]:
        with self._changed:
            return list(self._requests)

    def matching(self, path: str = "", method: str | None = None) -> list[LoggedRequest]:
        """The requests whose path contains `path`."""
        return [
            request
            for request in self.all()
            if path in request.path and method in (None, request.method)
        ]

    def count(self, path: str = "", method: str | None = None) -> int:
        return len(self.matching(path, method))

    def clear(self) -> None:
        with self._changed:
            self._requests.clear()

    def wait_until(
        self, condition: Callable[[list[LoggedRequest]], bool], timeout: float = 20
    ) -> bool:
        """Sleep until the log fulfils `condition`; false when it does not in time."""
        with self._changed:
            return self._changed.wait_for(lambda: condition(list(self._requests)), timeout)

    def __iter__(self) -> Iterator[LoggedRequest]:
        return iter(self.all())

    def __len__(self) -> int:
        return len(self.all())

    def __getitem__(self, index: int) -> LoggedRequest:
        return self.all()[index]
