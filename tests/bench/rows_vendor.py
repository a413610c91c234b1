"""Row 1: what 20 listeners who jump about cost the vendor, on a recording not yet fetched."""

import random
from concurrent.futures import ThreadPoolExecutor

from .client import fetch
from .figures import Result
from .servers import Server
from .stage import Stage
from .vendor import Recording, recording

LISTENERS, SEEKS_EACH = 20, 5
_HEARD_BYTES = 64 * 1024


def row_1(stage: Stage) -> list[Result]:
    peers = [
        (stage.portal, False, "1", 1),
        (stage.portal, True, "≤ 2, ≤ 1.1 × the file", 2),
        (stage.nginx_cache, False, "", None),
        (stage.naive, True, "", None),
    ]
    results = []
    for server, ranges, target, most in peers:
        requests, share = _listen(stage, server, ranges)
        holds = None if most is None else requests <= most and share <= 1.1
        results.append(
            Result(
                1,
                f"vendor requests for {LISTENERS} listeners and {LISTENERS * SEEKS_EACH} seeks, "
                f"vendor {'with' if ranges else 'without'} Range: {server.name}",
                target,
                f"{requests}, {share:.2f} × the file",
                holds,
            )
        )
    return results


def _listen(stage: Stage, server: Server, ranges: bool) -> tuple[int, float]:
    """Requests that the vendor saw, and the bytes it sent as a share of the file."""
    wanted = recording(8)
    server.make_cold()
    stage.vendor.behave(latency_ms=80, bandwidth=4e6, ranges=ranges)
    stage.vendor.forget_requests()
    with ThreadPoolExecutor(LISTENERS) as pool:
        for _ in pool.map(lambda seed: _listener(server, wanted, seed), range(LISTENERS)):
            pass
    server.wait_until_idle()
    requests = stage.vendor.audio_requests()
    return len(requests), sum(request["sent"] for request in requests) / wanted.size


def _listener(server: Server, wanted: Recording, seed: int) -> None:
    """Begins at the beginning, as browsers do, and then jumps."""
    places = random.Random(seed)
    positions = [0] + [places.randrange(wanted.size - _HEARD_BYTES) for _ in range(SEEKS_EACH)]
    for position in positions:
        # Who knows no ranges makes the listener take everything before the place as well.
        before = position if server.name == "naive" else 0
        fetch(server.ask(wanted, f"{position}-"), stop_after=before + _HEARD_BYTES)
