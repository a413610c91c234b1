"""Opening, locking and removing files in the audio folder.

Only regular files are ever opened. A link would lead out of the folder, and a FIFO would block
the thread that opens it.
"""

import contextlib
import errno
import fcntl
import os
import shutil
import stat
from pathlib import Path

# What opening a link, FIFO, socket, device or folder fails with, where it fails at all.
_NO_FILE = {errno.ELOOP, errno.ENXIO, errno.EISDIR, errno.ENODEV, errno.ENOTDIR}


class NotRegularFileError(FileNotFoundError):
    """Something that is no regular file stands in the file's place."""


def open_file(path: Path, flags: int = os.O_RDONLY) -> int:
    """Open the regular file at `path`, never blocking; with O_CREAT its mode is 0600.

    Raises FileNotFoundError where there is none, its subclass NotRegularFileError where something
    else is in its place, and any other OSError that opening raises.
    """
    try:
        fd = os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, 0o600)
    except OSError as error:
        if error.errno in _NO_FILE:
            raise NotRegularFileError(error.errno, os.strerror(error.errno), str(path)) from error
        raise
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise NotRegularFileError(errno.ENOENT, "not a regular file", str(path))
    return fd


def read_file(path: Path, most: int) -> bytes:
    """Up to `most` bytes of the file at `path`. Raises what `open_file` raises."""
    with open(open_file(path), "rb") as file:
        return file.read(most)


def is_file(path: Path) -> bool:
    """Whether a regular file is at `path`; a link to one does not count."""
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except OSError:
        return False


def is_folder(path: Path) -> bool:
    """Whether a folder is at `path`; a link to one does not count."""
    try:
        return stat.S_ISDIR(path.lstat().st_mode)
    except OSError:
        return False


def remove(path: Path) -> None:
    """Remove whatever is at `path`, as far as it can be removed; a link's target stays."""
    if is_folder(path):
        shutil.rmtree(path, ignore_errors=True)
    else:
        with contextlib.suppress(OSError):
            path.unlink()


def lock(fd: int, kind: int = fcntl.LOCK_EX) -> bool:
    """Lock the open file unless another holder's lock excludes that; whether it worked."""
    try:
        fcntl.flock(fd, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def is_unlocked(path: Path) -> bool:
    """Whether no process holds a lock on `path`; True as well when there is no such file."""
    try:
        fd = open_file(path)
    except OSError:
        return True
    try:
        return lock(fd)
    finally:
        os.close(fd)


def is_at(fd: int, path: Path) -> bool:
    """Whether the open file is the one at `path`."""
    try:
        return os.path.samestat(os.fstat(fd), path.lstat())
    except OSError:
        return False
