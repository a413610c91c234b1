"""Relay onto a file system of 1 MiB, in a mount namespace: what a full disk does to listeners.

Prints how a recording too big for it ended, what stayed of it, and how a small one ended.
"""

import contextlib
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

from recordings.audio.job import Job
from recordings.audio.relay import Relay
from recordings.audio.store import StorageFailed, Store
from recordings.kallglot import Client
from recordings.simulator import DEFAULT_KEY, noise


def relayed(relay: Relay, client: Client, key: str, recording_id: str) -> bytes | None:
    """All bytes of a recording, or None when the listening broke off."""
    job = Job(key, lambda start: client.open_audio(recording_id, start=start))
    try:
        with contextlib.closing(relay.open(job, for_player=False)) as source:
            return b"".join(source.blocks(0, source.length))
    except StorageFailed:
        return None
    finally:
        for thread in threading.enumerate():
            if thread.name.startswith("fill-"):
                thread.join(10)


def main(url: str) -> None:
    root = Path(tempfile.mkdtemp())
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", root], check=True)
    client, relay = Client(DEFAULT_KEY, url), Relay(Store(root / "audio"))
    big = relayed(relay, client, "1-000000000001", "rec_diskbig_mixed")
    sys.stdout.write("broken " if big is None else "whole ")
    left = [path for path in (root / "audio").rglob("*") if path.is_file()]
    sys.stdout.write("clean " if not left else f"{left} ")
    small = relayed(relay, client, "2-000000000002", "rec_disksmall_mixed")
    right = b"".join(bytes(block) for block in noise(200_000).blocks(0, 200_000))
    sys.stdout.write("whole\n" if small == right else "wrong\n")


if __name__ == "__main__":
    main(sys.argv[1])
