"""Rows 2 to 4: recordings not yet fetched: the first byte, 20 listeners at once, the whole file."""

from collections import defaultdict

from .client import fetch, fetch_together
from .figures import MIB, Result, median, ms, over_ms, p95
from .servers import recycle
from .stage import Stage
from .vendor import recording

_FIRST_BYTE_ROUNDS = 21
_TOGETHER_ROUNDS, _TOGETHER = 7, 20
_WHOLE_ROUNDS = {40: 7, 200: 5}


def row_2(stage: Stage) -> list[Result]:
    peers = [stage.direct, stage.nginx_cache, stage.naive, stage.bare, stage.portal]
    stage.vendor.behave(latency_ms=80)
    times = defaultdict(list)
    for _ in range(_FIRST_BYTE_ROUNDS):
        wanted = stage.never_played(3)
        for server in peers:
            server.make_cold()
            recycle(stage.scratch, wanted.size)
            times[server.name].append(fetch(server.ask(wanted)).first_s)
    direct = median(times["direct"])
    over = {name: median(samples) - direct for name, samples in times.items()}
    beside = ", ".join(f"{n} {over_ms(over[n])}" for n in ("nginx-cache", "naive", "bare view"))
    return [
        Result(
            2,
            f"first byte of a recording never played, over direct ({ms(direct)}), vendor at 80 ms",
            "≤ +1.9 ms",
            f"{over_ms(over['portal'])} ({beside})",
            over["portal"] <= 0.0019,
        )
    ]


def row_3(stage: Stage) -> list[Result]:
    peers = [stage.direct, stage.nginx_cache, stage.naive, stage.bare, stage.portal]
    stage.vendor.behave(latency_ms=80, bandwidth=4e6)
    for server in peers:
        server.make_cold()
    slow = defaultdict(list)
    for number in range(_TOGETHER_ROUNDS):
        wanted = stage.never_played(8)
        for server in peers:
            if server.name == "nginx-cache" and number > 1:
                continue  # its waiters get the whole file's time: twice is enough
            answers = fetch_together([server.ask(wanted)] * _TOGETHER, stop_after=1)
            slow[server.name].append(p95([answer.first_s for answer in answers]))
    found = {name: median(samples) for name, samples in slow.items()}
    over = found["portal"] - found["direct"]
    beside = ", ".join(f"{n} {ms(found[n])}" for n in ("nginx-cache", "naive", "bare view"))
    return [
        Result(
            3,
            f"first byte of one never played, p95 of {_TOGETHER} listeners at once, over direct "
            f"({ms(found['direct'])})",
            "≤ +10 ms",
            f"{over_ms(over)} ({beside})",
            over <= 0.010,
        )
    ]


def row_4(stage: Stage) -> list[Result]:
    peers = [stage.direct, stage.nginx_cache, stage.naive, stage.bare, stage.portal]
    stage.vendor.behave()
    results = []
    for mib, rounds in _WHOLE_ROUNDS.items():
        rates, costs = _whole_files(stage, peers, mib, rounds)
        cache, naive = (rates["portal"] / rates[name] for name in ("nginx-cache", "naive"))
        beside = ", ".join(f"{server.name} {rates[server.name]:.0f}" for server in peers)
        spent = ", ".join(f"{server.name} {costs[server.name]:.2f}" for server in peers[1:])
        results.append(
            Result(
                4,
                f"cold whole file of {mib} MiB, of nginx-cache and of naive",
                "≥ 1.0 ×, ≥ 2 ×",
                f"{cache:.2f} ×, {naive:.2f} × (MB/s: {beside}; CPU s/GB: {spent})",
                cache >= 1.0 and naive >= 2,
            )
        )
    return results


def _whole_files(stage, peers, mib, rounds) -> tuple[dict[str, float], dict[str, float]]:
    """Median MB/s, and median processor seconds per GB until the file is in its place."""
    wanted = recording(mib)
    rates, costs = defaultdict(list), defaultdict(list)
    for _ in range(rounds):
        for server in peers:
            server.make_cold()
            recycle(stage.scratch, mib * MIB)
            before = server.program.cpu_s()
            answer = fetch(server.ask(wanted))
            server.wait_until_idle()
            costs[server.name].append((server.program.cpu_s() - before) / wanted.size * 1e9)
            rates[server.name].append(wanted.size / answer.whole_s / 1e6)
    return (
        {name: median(samples) for name, samples in rates.items()},
        {name: median(samples) for name, samples in costs.items()},
    )
