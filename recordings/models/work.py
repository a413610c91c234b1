"""The worker: its sign of life, and who of several workers does a kind of work right now."""

import contextlib
import logging
import os
import socket
import threading
import uuid
from collections.abc import Iterator
from datetime import timedelta

from django.db import Error, connections, models
from django.utils import timezone

from .recordings import Recording

log = logging.getLogger(__name__)

STARTED_AT = timezone.now()
"""When this process began; a portal that has just been started has no worker yet."""


class WorkerState(models.Model):
    """One row: when the worker last said that it is there."""

    SINGLETON = 1
    SILENT_AFTER = timedelta(minutes=3)

    last_beat_at = models.DateTimeField()
    # A keyed digest of the API key that the worker last ran with; tells when it was replaced.
    api_key_digest = models.CharField(max_length=64, blank=True)

    class Meta:
        default_permissions = ()

    def __str__(self):
        return f"{self.last_beat_at:%Y-%m-%d %H:%M:%S}"

    @classmethod
    def beat(cls) -> None:
        """The worker says: I am here."""
        cls.objects.update_or_create(pk=cls.SINGLETON, defaults={"last_beat_at": timezone.now()})

    @classmethod
    def is_silent(cls) -> bool:
        """Whether the worker has not been heard of lately, although it has had the time."""
        since = timezone.now() - cls.SILENT_AFTER
        if since < STARTED_AT:
            return False
        return not cls.objects.filter(pk=cls.SINGLETON, last_beat_at__gt=since).exists()


class Lease(models.Model):
    """One row per kind of work: which worker does it, and until when that is sure.

    A worker that is killed leaves its lease behind. On the same machine it is noticed at once
    that the process is gone; elsewhere the lease lapses.
    """

    LASTS = timedelta(minutes=2)

    name = models.CharField(max_length=40, primary_key=True)
    holder = models.CharField(max_length=120, blank=True)
    held_until = models.DateTimeField()

    class Meta:
        default_permissions = ()

    def __str__(self):
        return f"{self.name} {self.holder}"

    def __enter__(self) -> "Lease":
        return self

    def __exit__(self, *_: object) -> None:
        _ours.discard(self.holder)
        mine = Lease.objects.filter(name=self.name, holder=self.holder)
        mine.update(held_until=timezone.now())

    @classmethod
    def take(cls, name: str) -> "Lease | None":
        """The lease on `name`, or None while another worker holds it."""
        now = timezone.now()
        held, _ = cls.objects.get_or_create(name=name, defaults={"held_until": now})
        # One beyond any lease was noted by a clock that has been put right since.
        is_held = now < held.held_until < now + cls.LASTS * 2
        if is_held and not _is_dead(held.holder):
            return None
        mine = cls(name=name, holder=_new_holder(), held_until=now + cls.LASTS)
        taken = cls.objects.filter(name=name, holder=held.holder, held_until=held.held_until)
        if not taken.update(holder=mine.holder, held_until=mine.held_until):
            return None
        _ours.add(mine.holder)
        return mine

    def prolong(self) -> bool:
        """Hold on to it while the work lasts; False when it was lost meanwhile."""
        now = timezone.now()
        if self.held_until - now > self.LASTS * 0.75:
            return True
        until = now + self.LASTS
        mine = Lease.objects.filter(name=self.name, holder=self.holder)
        if not mine.update(held_until=until):
            return False
        self.held_until = until
        return True

    @contextlib.contextmanager
    def kept(self) -> Iterator[None]:
        """Inside, a thread of its own holds on to it: for work that may take longer than it lasts.

        Whether it was lost nonetheless is what `prolong` says afterwards.
        """
        over = threading.Event()
        keeper = threading.Thread(
            target=self._keep, args=(over,), name=f"lease-{self.name}", daemon=True
        )
        keeper.start()
        try:
            yield
        finally:
            over.set()
            keeper.join()

    def _keep(self, over: threading.Event) -> None:
        while not over.wait(self.LASTS.total_seconds() / 4):
            try:
                if not self.prolong():
                    return
            except Error as error:
                # There are more times to try before it lapses.
                log.warning("The lease on %s could not be prolonged: %s", self.name, error)
            finally:
                connections.close_all()


class AudioPrefetch(models.Model):
    """One recording that the worker has fetched by itself, or tried to; never twice with success.

    `next_at` is when a failed fetch is tried again, null when there is no more to do.
    """

    recording = models.OneToOneField(Recording, on_delete=models.CASCADE, related_name="prefetch")
    outcome = models.CharField(max_length=40)
    attempts = models.PositiveIntegerField(default=1)
    next_at = models.DateTimeField(null=True, blank=True, db_index=True)

    class Meta:
        default_permissions = ()

    def __str__(self):
        return f"{self.recording_id} {self.outcome}"


class ItemAttempt(models.Model):
    """One item of a background round (see services/work_round.py) that is not settled yet.

    The row is written before each attempt and deleted once the item is settled, so an attempt
    that ends the process counts as well. `round` is the round's name, `item` the primary key of
    the item's own row. `attempts` counts unexpected failures, `deferrals` answers that say "ask
    again later". The round leaves the item alone until `next_at`.
    """

    round = models.CharField(max_length=40)
    item = models.BigIntegerField()
    attempts = models.PositiveIntegerField(default=0)
    deferrals = models.PositiveIntegerField(default=0)
    next_at = models.DateTimeField(db_index=True)

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["round", "item"], name="item_once_per_round")
        ]

    def __str__(self):
        return f"{self.round} {self.item}: {self.attempts}"


# The leases that threads of this process hold: what the database says of others in its name is
# of a former process with the same number.
_ours: set[str] = set()


def _new_holder() -> str:
    return f"{socket.gethostname()[:60]}:{os.getpid()}:{uuid.uuid4().hex}"


def _is_dead(holder: str) -> bool:
    """Whether a process of this machine held it and is no more."""
    host, _, process = holder.rpartition(":")[0].rpartition(":")
    if host != socket.gethostname()[:60] or not process.isdigit():
        return False
    if int(process) == os.getpid():
        return holder not in _ours
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False
