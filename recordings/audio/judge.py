"""The guard around our own reading of audio bytes.

A file that we cannot judge is still a file that a browser may play, so a fault of the reading
code is logged and costs no more than the judgement.
"""

import logging
from collections.abc import Callable
from typing import TypeVar

log = logging.getLogger(__name__)

T = TypeVar("T")


def judge(key: str, default: T, read: Callable[..., T], *arguments) -> T:
    """Return `read(*arguments)`, or `default` where it raises anything but OSError.

    key: names the recording in the log. OSError passes through: then the disk failed, not we.
    """
    try:
        return read(*arguments)
    except OSError:
        raise
    except Exception:
        log.exception("The audio of %s could not be judged; it is kept as it is", key)
        return default
