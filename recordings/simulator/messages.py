"""A request as the endpoints see it, and an answer before it is sent."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qs

from recordings.simulator.shapes import Json
from recordings.simulator.sources import Bytes, Source


@dataclass
class Answer:
    """Status, headers and body; the body is either JSON or bytes from a source."""

    status: int
    headers: list[tuple[str, str]] = field(default_factory=list)
    payload: Json | None = None
    body: Source | None = None
    start: int = 0
    stop: int | None = None

    def with_header(self, name: str, value: str) -> Answer:
        """Replace a header, or add it."""
        kept = [item for item in self.headers if item[0].lower() != name.lower()]
        self.headers = [*kept, (name, value)]
        return self

    def without_header(self, name: str) -> Answer:
        self.headers = [item for item in self.headers if item[0].lower() != name.lower()]
        return self

    def source(self) -> Source:
        """The bytes of the body."""
        if self.body is not None:
            return self.body
        if self.payload is not None:
            return Bytes(json.dumps(self.payload, ensure_ascii=False).encode())
        return Bytes(b"")

    @property
    def length(self) -> int:
        source = self.source()
        return (source.size if self.stop is None else self.stop) - self.start


@dataclass(frozen=True)
class Request:
    """The parts of a request that decide the answer."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    request_id: str

    def parameter(self, name: str) -> str | None:
        values = self.parameters.get(name)
        return values[0] if values else None

    @property
    def parameters(self) -> dict[str, list[str]]:
        return parse_qs(self.query, keep_blank_values=True)
