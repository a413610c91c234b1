"""How long we wait and how much we take: every figure of the client in one place."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Time-outs and caps; the unit is the last word of each name.

    Only time spent waiting for the vendor counts against the deadlines of a body, so a slow
    reader of ours is not mistaken for a slow vendor.
    """

    dns_seconds: float = 5.0
    connect_seconds: float = 3.0  # TCP and TLS together, over all addresses of the host
    first_byte_seconds: float = 10.0  # from the request sent to the whole head received
    gap_seconds: float = 10.0  # longest silence inside a body
    rate_bytes_per_second: float = 2_000.0  # least mean rate inside a body ...
    rate_window_seconds: float = 20.0  # ... over any stretch of this length
    json_seconds: float = 20.0  # one whole JSON call, retry and redirects included
    json_bytes: int = 10_000_000
    audio_seconds: float = 60.0  # one whole audio call gets this much time ...
    audio_bytes_per_second: float = 64_000.0  # ... or its length at this rate, if that is more
    audio_bytes: int = 512 * 1024 * 1024
    error_body_bytes: int = 65_536
    error_body_seconds: float = 2.0
    retry_wait_min_seconds: float = 0.2
    retry_wait_max_seconds: float = 1.0
    redirect_hops: int = 3
    list_pages: int = 100
