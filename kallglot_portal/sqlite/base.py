"""Connections to SQLite belong to requests, not to threads, and are used again.

A new connection costs more than the queries of a request: it reads the whole schema and gets
Django's functions one by one. One for each of a thousand threads would cost more memory than all
else that a listener needs. So a closed connection waits here for the next request, whichever
thread has it. For PostgreSQL, psycopg's pool does the same.
"""

import os
import threading
import weakref
from collections import defaultdict
from functools import lru_cache
from typing import Any

from django.db.backends.sqlite3 import base

_USUALLY_AT_ONCE = 16
"""Connections in use per process before the next thread waits for one."""
_PATIENCE_S = 0.25
_LONGEST_KEPT = 4096  # characters


class _Pool:
    """The connections of one process that were opened in the same way.

    When a thousand listeners arrive at once, threads that wait in line here are done sooner, and
    with less memory, than if all of them took turns at Python's lock in mid-request. The line
    moves within milliseconds; where it does not, since somebody waits for a write lock, a thread
    gets a connection all the same.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._idle: list[Any] = []
        # Weak, so that a thread that ended without closing is not counted for ever.
        self._users: weakref.WeakSet[DatabaseWrapper] = weakref.WeakSet()

    def take(self, user: "DatabaseWrapper") -> Any | None:
        """A connection for `user`, or None: then it is to open one."""
        with self._changed:
            if len(self._users) >= _USUALLY_AT_ONCE:
                self._changed.wait_for(self._has_one, _PATIENCE_S)
            self._users.add(user)
            return self._idle.pop() if self._idle else None

    def _has_one(self) -> bool:
        return bool(self._idle) or len(self._users) < _USUALLY_AT_ONCE

    def give_back(self, user: "DatabaseWrapper", connection: Any | None) -> bool:
        """Whether there was room for `connection`; None for one that is closed for good."""
        with self._changed:
            self._users.discard(user)
            room = connection is not None and len(self._idle) < _USUALLY_AT_ONCE
            if room:
                self._idle.append(connection)
            self._changed.notify()
            return room


# The process is part of the key: SQLite forbids using a connection after a fork.
_pools: dict[tuple[int, str], _Pool] = defaultdict(_Pool)


class _Cursor(base.SQLiteCursorWrapper):
    """Django's cursor, which converts the placeholders of a statement once."""

    def convert_query(self, query: str, *, param_names: list[str] | None = None) -> str:
        if param_names is not None or len(query) > _LONGEST_KEPT:
            return super().convert_query(query, param_names=param_names)
        return _with_question_marks(query)


@lru_cache(maxsize=256)
def _with_question_marks(query: str) -> str:
    return base.FORMAT_QMARK_REGEX.sub("?", query).replace("%%", "%")


class DatabaseWrapper(base.DatabaseWrapper):
    """Django's connection to SQLite; see the module's text for what is different."""

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        self._pool = _pools[os.getpid(), repr(sorted(conn_params.items()))]
        self._cursors = weakref.WeakSet()
        try:
            return self._pool.take(self) or super().get_new_connection(conn_params)
        except BaseException:
            self._pool.give_back(self, None)
            raise

    def create_cursor(self, name: str | None = None) -> Any:
        cursor = self.connection.cursor(factory=_Cursor)
        self._cursors.add(cursor)
        return cursor

    def is_usable(self) -> bool:
        # Asked only after an error: that connection is closed for good.
        return False

    def _close(self) -> None:
        connection = self.connection
        # One that somebody has read half of would show the next user the data of yesterday.
        for cursor in list(self._cursors):
            cursor.close()
        # What is in the middle of something is closed, which rolls it back.
        clean = not (self.errors_occurred or connection.in_transaction)
        if not self._pool.give_back(self, connection if clean else None):
            super()._close()
