"""Who fills what: one fill per recording, whichever process and thread asks first.

The first to ask claims the part file and starts a `Fill`; everybody else in this process shares
its `Growth`, and in other processes a `Watch` keeps a `Growth` in step with the fill's progress.
"""

import contextlib
import os
import threading

from .files import is_file, open_file
from .fill import Fill
from .growth import Growth, Orphaned
from .job import Job
from .progress import Counters, Phase, Progress, read_head
from .store import StorageFailed, Store
from .wakeups import Wakeups
from .wishes import Wishes

_STILL_ALIVE_EVERY_S = 0.5


class Fills:
    """The fills that this process runs or watches."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._under_way: dict[str, Growth] = {}

    def join(self, job: Job) -> Growth | None:
        """The growth of what `job` fetches; its fill is started if nobody runs one.

        None when the file has been put in its place meanwhile. Raises StorageFailed.
        """
        key = job.key
        with self._lock:
            growth = self._under_way.get(key)
            if growth is not None and not growth.ended:
                return growth
            fd = self._store.claim(key)
            if fd is not None:
                worker = Fill(self._store, job, fd, on_end=self._forget)
            elif is_file(self._store.entry(key).audio):
                return None
            else:
                worker = Watch(self._store, key, on_end=self._forget)
            try:
                worker.start()
            except RuntimeError as error:
                if fd is not None:
                    self._store.give_up(key, fd)
                raise StorageFailed("no thread can be started") from error
            self._under_way[key] = worker.growth
        if fd is not None:
            worker.prepare()
        return worker.growth

    def _forget(self, worker: "Fill | Watch") -> None:
        with self._lock:
            if self._under_way.get(worker.key) is worker.growth:
                del self._under_way[worker.key]


class Watch(threading.Thread):
    """Follows a fill that another process runs, and notices when that process dies."""

    def __init__(self, store: Store, key: str, *, on_end) -> None:
        super().__init__(name=f"watch-{key}", daemon=True)
        self.key = key
        self.growth = Growth()
        self._store = store
        self._entry = store.entry(key)
        self._on_end = on_end

    def run(self) -> None:
        failure: Exception | None = Orphaned()
        try:
            with contextlib.closing(Wakeups(self._entry.folder)) as wakeups:
                if self._follow(wakeups):
                    failure = None
        except OSError:
            # The folder is gone with the fill: whoever still reads begins anew.
            pass
        finally:
            self.growth.end(failure)
            self.growth.close()
            self._on_end(self)

    def _follow(self, wakeups: Wakeups) -> bool:
        """Until the fill ends; whether it ended well."""
        progress = None
        try:
            while True:
                alive = self._store.is_being_filled(self.key)
                if progress and not progress.is_at(self._entry.progress):
                    alive = False  # that fill is over, and another may have begun
                progress = progress or self._begin()
                if progress:
                    counters = progress.read()
                    self._pass_on(counters)
                    if counters.phase is Phase.ENDED:
                        return True
                if not alive:
                    return False
                wakeups.wait(_STILL_ALIVE_EVERY_S)
        finally:
            self.growth.on_wish = lambda position: None
            if progress:
                progress.close()

    def _begin(self) -> Progress | None:
        """Open what the filling process has laid out, once it has."""
        head = read_head(self._entry.head)
        if head is None:
            return None
        try:
            fd = open_file(self._entry.part)
        except FileNotFoundError:
            fd = open_file(self._entry.audio)  # put in its place a moment ago
        try:
            progress = Progress.open(self._entry.progress)
        except OSError:
            os.close(fd)
            raise
        self.growth.on_wish = self._leave_wish
        self.growth.begin(head, fd)
        return progress

    def _leave_wish(self, position: int) -> None:
        # Where the fill is over meanwhile, there is nothing to wish for.
        with (
            contextlib.suppress(OSError),
            contextlib.closing(Wishes.open(self._entry.wishes)) as wishes,
        ):
            wishes.leave(position)

    def _pass_on(self, counters: Counters) -> None:
        growth = self.growth
        if counters.tail_start is not None:
            growth.advance_tail(counters.tail_start, counters.tail_end)
        if counters.available > growth.available:
            growth.advance(counters.available)
        if counters.phase is not Phase.GROWING:
            growth.finish()
        elif growth.wished is not None and counters.tail_start is None:
            # The filling process may have taken an old wish back; a new one may be made.
            growth.wished = None
