"""A call on Kallglot (a *session*) as the portal knows it."""

import json
from collections.abc import Iterable

from django.db import models
from django.utils import timezone

from .states import CallState, RecordingState, call_state
from .teams import Team
from .visibility import visible_to


class SessionState(models.TextChoices):
    """What a person needs to know of a call, worked out from the vendor's `status`."""

    ACTIVE = "active", "In progress"
    ENDED = "ended", "Ended"
    UNKNOWN = "unknown", "Not looked up yet"


_MOST_LISTED = 130
# Every row of the library carries it.
_LONGEST_CALLER = 100
# Kallglot tells moments and lengths in whole seconds.
_ROUNDED_S = 2.0
# What the library filters by besides the columns that it sorts by.
_FILTERED_BY = (
    *("team", "recordings_state", "expires_last", "channels", "formats"),
    *("mode", "source_language", "target_language"),
)


_SORTED_BY = (
    *("sort_at", "length_s", "expires_first"),
    *("longest_silence_s", "overlap_share", "agent_talk_share"),
)


def _in_order(column: str, name: str, sign: str = "") -> models.Index:
    """An index for one order of the library, with all that it sorts and filters by.

    Which calls a page shows is then told by the index alone, without a look at the rows, which
    are far wider.
    """
    others = [other for other in _SORTED_BY if other != column]
    return models.Index(fields=[f"{sign}{column}", f"{sign}id", *_FILTERED_BY, *others], name=name)


class SessionQuerySet(models.QuerySet):
    def visible_to(self, user) -> "SessionQuerySet":
        """The calls `user` may see: the one door to sessions for every view."""
        return self.filter(visible_to(user))

    def partly_expired(self) -> "SessionQuerySet":
        """Those of which a recording has expired since they were summarised, and more will."""
        now = timezone.now()
        more = models.Q(expires_last__gt=now) | models.Q(expires_last=None)
        return self.filter(more, expires_first__lte=now)

    def newest_first(self) -> "SessionQuerySet":
        return self.order_by("-sort_at", "-pk")


class Session(models.Model):
    """One call. Facts of the vendor are null or empty where the vendor said nothing."""

    # A call in one of these states is expired once `expires_last` has passed.
    CAN_EXPIRE = (
        *(CallState.PROCESSING, CallState.PARTLY_READY, CallState.READY),
        *(CallState.UNCLEAR, CallState.FAILED),
    )

    kallglot_id = models.CharField(max_length=70, unique=True)
    # Without an index: SQLite would use it to fetch and sort all calls of somebody's teams, where
    # walking through the newest ones fills a page at once.
    team = models.ForeignKey(
        Team,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="sessions",
        db_index=False,
    )

    status = models.CharField(max_length=40, blank=True)
    mode = models.CharField(max_length=80, blank=True)
    source_language = models.CharField(max_length=40, blank=True)
    target_language = models.CharField(max_length=40, blank=True)
    provider = models.CharField(max_length=80, blank=True)
    phone_number = models.CharField(max_length=80, blank=True)
    duration = models.FloatField(null=True, blank=True, help_text="Seconds.")
    recording_enabled = models.BooleanField(null=True, blank=True)
    metadata = models.JSONField(default=dict, blank=True)
    end_reason = models.CharField(max_length=80, blank=True)
    created_at = models.DateTimeField(null=True, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    # What the library sorts and filters by; kept in step by `summarise`.
    sort_at = models.DateTimeField(default=timezone.now, editable=False)
    length_s = models.FloatField(null=True, blank=True, editable=False)
    recordings_state = models.CharField(
        max_length=20, choices=CallState, default=CallState.UNKNOWN, editable=False
    )
    # The moment by which the last recording has expired; then the call is expired as well.
    expires_last = models.DateTimeField(null=True, blank=True, editable=False)
    # The next moment at which one of them expires: what people are warned of.
    expires_first = models.DateTimeField(null=True, blank=True, editable=False)
    channels = models.CharField(max_length=_MOST_LISTED, blank=True, editable=False)
    formats = models.CharField(max_length=_MOST_LISTED, blank=True, editable=False)
    # Of the measurements (`CallFigures`) those that help to find a call; null where they could not
    # be had.
    longest_silence_s = models.FloatField(null=True, blank=True, editable=False)
    overlap_share = models.FloatField(null=True, blank=True, editable=False)
    agent_talk_share = models.FloatField(null=True, blank=True, editable=False)
    # When the worker is to look at this call again, and how often it has looked already.
    next_refresh_at = models.DateTimeField(null=True, blank=True, editable=False)
    refresh_attempts = models.PositiveIntegerField(default=0, editable=False)
    # When the worker asks again whether Kallglot still keeps the recordings, and until when.
    next_check_at = models.DateTimeField(null=True, blank=True, editable=False)

    first_seen = models.DateTimeField(default=timezone.now, editable=False)
    refreshed_at = models.DateTimeField(null=True, blank=True)
    # When somebody last set out to refresh it: two viewers cause one call to Kallglot.
    refresh_begun_at = models.DateTimeField(null=True, blank=True, editable=False)
    stale_since = models.DateTimeField(null=True, blank=True)
    last_error = models.CharField(max_length=40, blank=True)
    unreadable_recordings = models.PositiveIntegerField(default=0)

    objects = SessionQuerySet.as_manager()

    class Meta:
        permissions = [
            ("open_session", "Can add calls by id"),
            ("export_session", "Can export and download many calls at once"),
            ("see_all_teams", "Can see the calls of every team"),
            ("administer_portal", "Can use the administration pages"),
        ]
        indexes = [
            models.Index(fields=["next_refresh_at"], name="calls_to_refresh"),
            models.Index(fields=["next_check_at"], name="calls_to_check"),
            # Whether a team has a call with such a word; see `filters`.
            models.Index(fields=["source_language", "team"], name="calls_from_language"),
            models.Index(fields=["target_language", "team"], name="calls_into_language"),
            models.Index(fields=["mode", "team"], name="calls_by_mode"),
            _in_order("sort_at", "newest_calls", "-"),
            _in_order("length_s", "calls_by_length"),
            _in_order("expires_first", "calls_by_first_expiry"),
            _in_order("longest_silence_s", "calls_by_silence"),
            _in_order("overlap_share", "calls_by_overlap"),
            _in_order("agent_talk_share", "calls_by_agent_talk"),
        ]

    def __str__(self):
        return self.kallglot_id

    @property
    def state(self) -> SessionState:
        if self.refreshed_at is None:
            return SessionState.UNKNOWN
        # A status word this version does not know means "not ended", unless an end is on record.
        # Where nothing is told of the session, its recordings do: there are none before the end.
        ended = self.status == "ended" or self.ended_at is not None
        ended = ended or (not self.status and bool(self.channels))
        return SessionState.ENDED if ended else SessionState.ACTIVE

    @property
    def lacks_facts(self) -> bool:
        """Whether Kallglot has said nothing of this call besides its recordings."""
        return self.refreshed_at is not None and not self.status

    @property
    def begun_at(self):
        """The best known start of the call."""
        return self.started_at or self.created_at

    @property
    def caller(self) -> str:
        """The other party's number, as far as the integrator's metadata says; else the line used.

        Kallglot itself knows no caller; its guides store `from`, `to` and `direction`.
        """
        metadata = self.metadata if isinstance(self.metadata, dict) else {}
        outbound = metadata.get("direction") == "outbound"
        number = metadata.get("to" if outbound else "from")
        if number and not isinstance(number, str):
            number = json.dumps(number, ensure_ascii=False)
        return number[:_LONGEST_CALLER] if number else self.phone_number

    @property
    def length(self) -> float | None:
        """Seconds from start to end; the newer API gives no duration, so it is derived."""
        if self.duration is not None:
            return self.duration
        if self.started_at and self.ended_at and self.ended_at >= self.started_at:
            return (self.ended_at - self.started_at).total_seconds()
        return self.length_s

    @property
    def seconds(self) -> float | None:
        """The length to show: the file's own where that is known, else as Kallglot says."""
        return self.length if self.length_s is None else self.length_s

    @property
    def call_state(self) -> CallState:
        """The state of the whole call right now."""
        has_audio = self.recordings_state in self.CAN_EXPIRE
        if has_audio and self.expires_last and self.expires_last <= timezone.now():
            return CallState.EXPIRED
        return CallState(self.recordings_state)

    def summarise(self) -> None:
        """Bring the columns that the library sorts and filters by in step with the recordings."""
        recordings = list(self.recordings.all())
        told = [recording.created_at for recording in recordings if recording.created_at]
        self.sort_at = self.begun_at or min(told, default=self.first_seen)
        self.length_s = None
        longest = max((recording.seconds or 0 for recording in recordings), default=0)
        own = _true_length(recordings, self.length)
        self.length_s = (self.length or longest or None) if own is None else own
        self.channels = _listed(recording.channel for recording in recordings)
        self.formats = _listed(recording.kind for recording in recordings)
        if self.state is not SessionState.ENDED:
            self.recordings_state = self.state.value
        elif recordings:
            self.recordings_state = call_state({RecordingState(r.state) for r in recordings})
        elif self.recording_enabled is False:
            self.recordings_state = CallState.NEVER_RECORDED
        elif self.stale_since:
            # Kallglot refused the list, so it is not known whether there are any.
            self.recordings_state = CallState.UNKNOWN
        else:
            self.recordings_state = CallState.EMPTY
        ends = [recording.expires_at for recording in recordings]
        self.expires_last = max(ends) if ends and all(ends) else None
        gone = (RecordingState.EXPIRED, RecordingState.MISSING)
        self.expires_first = min(
            (r.expires_at for r in recordings if r.expires_at and r.state not in gone),
            default=self.expires_last,
        )
        self.save(
            update_fields=[
                *("sort_at", "length_s", "channels", "formats"),
                *("recordings_state", "expires_last", "expires_first"),
            ]
        )


def _true_length(recordings, told: float | None) -> float | None:
    """The seconds of the call by its file, where Kallglot says one length for call and file.

    None where that is not known, or where the call was longer than what was recorded of it.
    """
    mixed = [recording for recording in recordings if recording.channel == "mixed"]
    files = mixed or recordings
    channels = [recording.channel for recording in files]
    if len(set(channels)) < len(channels):
        return None  # it was paused: the gaps belong to the call
    if not all(recording.is_known and recording.file_seconds is not None for recording in files):
        return None
    claimed = max((recording.duration or 0 for recording in files), default=0)
    if told is not None and claimed and abs(told - claimed) > _ROUNDED_S:
        return None
    return max((recording.file_seconds for recording in files), default=None)


def _listed(words: Iterable[str]) -> str:
    """`words`, each once, with a comma before and after each, so that one can be looked for."""
    found = sorted(set(words))
    # Of words without end the first ones count.
    return f",{','.join(found)},"[:_MOST_LISTED] if found else ""
