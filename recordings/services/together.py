"""One write for what many requests bring at the same time: each waits until its own is stored."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from django.db import DatabaseError, OperationalError

T = TypeVar("T")


@dataclass(slots=True, eq=False)
class _Brought(Generic[T]):
    item: T
    is_stored: bool = False
    error: DatabaseError | None = None


class Together(Generic[T]):
    """Hands what threads bring to `write`, as a list; whoever comes first writes for those behind.

    A database with one lock for all writers (SQLite) has them try again and again, the unlucky
    ones for seconds. So of all threads of this process only one asks for that lock, and what came
    meanwhile goes into the next list: the more there is to do, the less each costs.
    """

    def __init__(self, write: Callable[[list[T]], None]) -> None:
        self._write = write
        self._waiting: list[_Brought[T]] = []
        self._changing = threading.Lock()
        self._writing = threading.Lock()

    @property
    def waiting(self) -> int:
        """How many wait for the next write."""
        return len(self._waiting)

    def store(self, item: T) -> None:
        """Return when `item` is stored. Raises `DatabaseError` when it is not."""
        brought = _Brought(item)
        with self._changing:
            self._waiting.append(brought)
        with self._writing:
            if not (brought.is_stored or brought.error):
                self._store(self._take())
        if not brought.is_stored:
            raise DatabaseError("not stored") from brought.error

    def _take(self) -> list[_Brought[T]]:
        with self._changing:
            taken, self._waiting = self._waiting, []
        return taken

    def _store(self, brought: list[_Brought[T]]) -> None:
        try:
            self._write([one.item for one in brought])
        except OperationalError as error:
            # It waited in vain for the lock. Who came meanwhile would wait as long again.
            for one in (*brought, *self._take()):
                one.error = error
        except DatabaseError as error:
            if len(brought) == 1:
                brought[0].error = error
                return
            # One that cannot be stored must not keep the others from it.
            for one in brought:
                self._store([one])
        else:
            for one in brought:
                one.is_stored = True
