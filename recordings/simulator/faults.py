"""Faults on order: which requests they strike, how often, and what each kind needs to know."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

SPOILS = {
    "status": "answer `status` (default 500) with an error `code`; `retry_after` is a header",
    "html_error": "`status` (default 500) with an HTML page that has a script and echoes the key",
    "empty": "the right head with `Content-Length: 0` and no body",
    "wrong_type": "the right bytes as `type` (default text/html)",
    "no_type": "the right bytes without `Content-Type`",
    "gzip": "the body gzip-encoded although nobody asked",
    "gzip_bomb": "a gzip-encoded body of `size` zeros (default 200 MiB)",
    "redirect": "`status` (default 302) to `location`; without one, to the same address again",
    "range_ignored": "`Accept-Ranges: bytes`, and yet 200 with everything to a range",
    "unasked_partial": "206 with the bytes from `start` to before `stop`, whatever was asked",
    "wrong_bytes": "bytes of the right number that are not the file's",
    "invalid_json": "`application/json` whose body is not JSON",
    "html_metadata": "200 with an HTML page where JSON belongs",
    "cut_json": "JSON that ends half way, with a matching `Content-Length`",
    "duplicates": "every item of a list twice",
    "missing_fields": "optional fields left out, or those named in `fields`",
    "no_id": "the first item of a list without an id",
    "unknown_status": "`status` (default archived) as the status of every object",
    "repeating_cursor": "a list that always says there is more, and always gives the same page",
}
DELIVERIES = {
    "truncated": "a clean end after `after` bytes of a longer announced body (default half)",
    "reset": "RST after `after` bytes (default half; -1 is before the head)",
    "stall": "silence after `after` bytes (default half) for `seconds` (default for ever)",
    "trickle": "the body at `rate` bytes a second (default 1) after the first `after` bytes",
    "slow_head": "nothing for `seconds` (default 8), then a right answer",
    "never_answer": "the request is read and never answered",
    "hang_up": "the connection is closed without an answer",
    "no_length": "no `Content-Length`: the end of the connection is the end of the body",
    "chunked": "chunked transfer encoding in place of `Content-Length`",
    "cut_chunked": "chunked, and closed after `after` bytes without the last chunk",
    "too_many": "`extra` bytes (default 1000) more than announced",
    "wrong_length": "`value` (default not-a-number) as the `Content-Length`",
    "double_length": "two `Content-Length` headers that differ",
    "endless": "a body without end or length",
    "endless_json": "a JSON list without end or length",
}
KINDS = {**SPOILS, **DELIVERIES}
DETAILS: dict[str, tuple[str, ...]] = {
    "status": ("status", "code", "retry_after"),
    "html_error": ("status",),
    "wrong_type": ("type",),
    "gzip_bomb": ("size",),
    "redirect": ("location", "status"),
    "unasked_partial": ("start", "stop"),
    "missing_fields": ("fields",),
    "unknown_status": ("status",),
    "truncated": ("after",),
    "reset": ("after",),
    "stall": ("after", "seconds"),
    "trickle": ("after", "rate"),
    "slow_head": ("seconds",),
    "never_answer": ("seconds",),
    "cut_chunked": ("after",),
    "too_many": ("extra",),
    "wrong_length": ("value",),
    "double_length": ("extra",),
}
"""The keywords each kind understands; the others have none."""


@dataclass(eq=False)
class Fault:
    """One kind of misbehaviour for the requests whose path matches.

    `path` matches anywhere in the request's path, or all of it when it holds a `*`. The first
    `skip` matching requests are spared, then `times` are struck (None: all), each with
    `probability` from a generator seeded by `seed`. Other keywords are the kind's own.

        Fault("status", path="/audio", times=1, status=503, retry_after=7)
    """

    kind: str
    path: str = ""
    times: int | None = None
    skip: int = 0
    probability: float = 1.0
    seed: int = 1
    details: dict[str, Any] = field(default_factory=dict)
    hits: int = 0

    def __init__(
        self,
        kind: str,
        path: str = "",
        *,
        times: int | None = None,
        skip: int = 0,
        probability: float = 1.0,
        seed: int = 1,
        **details: Any,
    ):
        if kind not in KINDS:
            raise ValueError(f"There is no fault named {kind}; there are: {', '.join(KINDS)}.")
        if unknown := details.keys() - set(DETAILS.get(kind, ())):
            raise ValueError(f"The fault {kind} knows no {', '.join(sorted(unknown))}.")
        self.kind, self.path, self.times, self.skip = kind, path, times, skip
        self.probability, self.seed, self.details, self.hits = probability, seed, details, 0
        self._dice = random.Random(seed)  # noqa: S311  # a repeatable choice, not a secret

    def get(self, name: str, default: Any = None) -> Any:
        """A detail of the kind."""
        value = self.details.get(name)
        return default if value is None else value

    def strikes(self, path: str) -> bool:
        """Whether this request is struck; each call counts."""
        matches = fnmatchcase(path, self.path) if "*" in self.path else self.path in path
        if not matches:
            return False
        if self.skip > 0:
            self.skip -= 1
            return False
        if self.times is not None and self.hits >= self.times:
            return False
        if self.probability < 1 and self._dice.random() >= self.probability:
            return False
        self.hits += 1
        return True

    def as_json(self) -> dict[str, Any]:
        """For the control endpoint; the same keys make a fault there."""
        names = ("kind", "path", "times", "skip", "probability", "seed", "hits")
        return {name: getattr(self, name) for name in names} | self.details


class Faults:
    """The faults in force, changeable at any time from any thread."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._lock = threading.Lock()

    def add(self, fault: Fault | str, path: str = "", **details: Any) -> Fault:
        """`add("stall", "/audio", after=1000)` or `add(Fault(...))`; returns the fault."""
        if isinstance(fault, str):
            fault = Fault(fault, path, **details)
        with self._lock:
            self._faults.append(fault)
        return fault

    def set(self, faults: Iterable[Fault]) -> None:
        """Put these in place of all others."""
        with self._lock:
            self._faults = list(faults)

    def remove(self, fault: Fault) -> None:
        with self._lock:
            self._faults.remove(fault)

    def clear(self) -> None:
        self.set(())

    def take(self, path: str) -> list[Fault]:
        """The faults that strike this request."""
        with self._lock:
            return [fault for fault in self._faults if fault.strikes(path)]

    def __iter__(self) -> Iterator[Fault]:
        with self._lock:
            return iter(list(self._faults))


def parse_fault(text: str) -> Fault:
    """Read `kind:path:name=value,name=value` as given on the command line."""
    kind, _, rest = text.partition(":")
    path, _, details = rest.partition(":")
    values: dict[str, Any] = {}
    for item in filter(None, details.split(",")):
        name, equals, value = item.partition("=")
        if not equals:
            raise ValueError(f"{item} is not of the form name=value.")
        values[name] = _number(value)
    return Fault(kind, path, **values)


def _number(text: str) -> int | float | str:
    for number in (int, float):
        try:
            return number(text)
        except ValueError:
            continue
    return text
