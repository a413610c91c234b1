"""How much the audio folder may hold, and what is evicted to make room."""

import contextlib
import time

from .files import is_unlocked

# A file used this recently is not evicted: its listener will come back for the next piece.
_IN_USE_S = 120
# While all files are in use, they may exceed the limit by this share of it.
_OVERRUN = 0.25


class Quota:
    """The limit of one store's whole files together, in bytes; 0: no limit."""

    def __init__(self, store, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self._store = store
        # Whether the last look found no room.
        self._is_full = False

    def has_room(self, wanted: int) -> bool:
        """Whether `wanted` more bytes may be fetched; looks only where there was no room lately."""
        return not self._is_full or self.make_room(wanted)

    def make_room(self, wanted: int) -> bool:
        """Evict the longest unused files until `wanted` more bytes fit under the limit.

        Files in use stay. Returns whether there is room then: the limit may be exceeded by a
        quarter, or by a single file.
        """
        if not self.max_bytes:
            return True
        whole = self._whole_files()
        used = sum(size for _, size, _ in whole)
        for used_at, size, key in sorted(whole):
            if used + wanted <= self.max_bytes:
                break
            unused = time.time() - used_at > _IN_USE_S
            if unused and is_unlocked(self._store.entry(key).audio):
                self._store.discard(key)
                used -= size
        self._is_full = bool(used) and used + wanted > self.max_bytes * (1 + _OVERRUN)
        return not self._is_full

    def used_bytes(self) -> int:
        """How much the whole files take together."""
        return sum(size for _, size, _ in self._whole_files())

    def _whole_files(self) -> list[tuple[float, int, str]]:
        """The time of last use, the size and the key of every whole file."""
        found = []
        for key in self._store.all_keys():
            entry = self._store.entry(key)
            with contextlib.suppress(OSError):
                used_at = entry.facts.lstat().st_mtime
                found.append((used_at, entry.audio.lstat().st_size, key))
        return found
