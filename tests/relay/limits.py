"""Waiting times short enough for tests of faults, in the proportions of the real ones.

Not shorter: on a busy machine the healthy vendor of these tests takes its time as well.
"""

from recordings.kallglot.limits import Limits

QUICK = Limits(
    connect_seconds=2,
    first_byte_seconds=2,
    gap_seconds=2,
    rate_bytes_per_second=20_000,
    rate_window_seconds=2,
    audio_bytes=64 * 2**20,
    retry_wait_min_seconds=0.01,
    retry_wait_max_seconds=0.02,
)
