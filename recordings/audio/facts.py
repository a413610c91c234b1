"""What is known of a whole file in the store, kept beside it."""

import base64
import json
import zlib
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

from .files import read_file
from .playable import Playable
from .progress import write_json


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a whole file.

    size: bytes. sha256: of the vendor's bytes, hexadecimal. duration_s: the true length in
    seconds, None when it cannot be told. player_prefix, player_offset, player_mime: the form for
    players, `player_prefix` in base64, when the vendor's bytes do not play right; see `playable`.
    player_end: where that form ends in the file, None for its end. form_since: the time in seconds
    (as `time.time()`) until when players got the vendor's bytes, None where they never did.
    exact_offset, exact_end: the part of the file that follows the head in `Entry.exact_head`, None
    where there is none; exact_crc: the CRC-32 of that head; exact_since: as form_since.
    unplayable: why no browser plays it, or empty.
    """

    size: int
    sha256: str
    mime: str
    extension: str
    codec: str = ""
    duration_s: float | None = None
    player_prefix: str | None = None
    player_offset: int = 0
    player_end: int | None = None
    player_mime: str = ""
    form_since: float | None = None
    exact_offset: int | None = None
    exact_end: int | None = None
    exact_crc: int | None = None
    exact_since: float | None = None
    unplayable: str = ""

    @property
    def player_form(self) -> Playable | None:
        if self.player_prefix is None:
            return None
        prefix = base64.b64decode(self.player_prefix)
        return Playable(prefix, self.player_offset, self.player_mime, self.player_end)

    def with_player_form(self, form: Playable) -> "Facts":
        prefix = base64.b64encode(form.prefix).decode()
        return replace(
            self,
            player_prefix=prefix,
            player_offset=form.source_offset,
            player_end=form.source_end,
            player_mime=form.mime,
        )


# A player's form is a frame or a header, so the file is small.
_MOST_BYTES = 1024 * 1024
_NAMES = tuple(field.name for field in fields(Facts))


def read_facts(path: Path) -> Facts | None:
    """The facts in `path`, or None when there are none that can be read."""
    try:
        found = json.loads(read_file(path, _MOST_BYTES))
        # Those of an earlier release may hold more, and no checksum.
        facts = Facts(**{name: found[name] for name in _NAMES if name in found})
    except (OSError, ValueError, TypeError):
        return None
    checksum = found.pop("checksum", None)
    return facts if checksum in (None, _checksum(found)) else None


def write_facts(path: Path, facts: Facts) -> None:
    found = asdict(facts)
    write_json(path, {**found, "checksum": _checksum(found)})


def _checksum(found: dict) -> int:
    """Over the names and values as they are kept: another release may know others."""
    return zlib.crc32(json.dumps(found, sort_keys=True).encode())
