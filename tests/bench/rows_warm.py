"""Row 6: recordings that are there: the first byte, the whole file, 16 listeners in parallel."""

from collections import defaultdict

from .client import fetch, fetch_together
from .figures import Result, median, ms, over_ms
from .stage import Stage
from .vendor import recording

_ROUNDS = 150
_PARALLEL_ROUNDS, _PARALLEL = 15, 16


def row_6(stage: Stage) -> list[Result]:
    wanted = recording(3)
    stage.vendor.behave()
    static, bare, portal, floor = stage.nginx_static, stage.bare, stage.portal, stage.floor
    for server in (static, bare, portal, floor):
        fetch(server.ask(wanted))
        server.wait_until_idle()
    # nginx against itself tells how much of a difference is noise.
    peers = {"static": static, "again": static, "bare": bare, "portal": portal}
    # gunicorn without Django tells the price of Django.
    peers["floor"] = floor
    first, whole, parallel = defaultdict(list), defaultdict(list), defaultdict(list)
    for _ in range(_ROUNDS):
        for name, server in peers.items():
            answer = fetch(server.ask(wanted))
            first[name].append(answer.first_s)
            whole[name].append(answer.whole_s)
    cpu = defaultdict(float)
    for _ in range(_PARALLEL_ROUNDS):
        for name, server in peers.items():
            cpu[name] -= server.program.cpu_s()
            answers = fetch_together([server.ask(wanted)] * _PARALLEL)
            cpu[name] += server.program.cpu_s()
            began = min(answer.began_at for answer in answers)
            ended = max(answer.began_at + answer.whole_s for answer in answers)
            parallel[name].append(wanted.size * _PARALLEL / (ended - began))
    over = {name: median(first[name]) - median(first["static"]) for name in peers}
    times = {name: median(whole[name]) / median(whole["static"]) for name in peers}
    rates = {name: median(parallel[name]) / median(parallel["static"]) for name in peers}
    each_s = {name: cpu[name] / (_PARALLEL_ROUNDS * _PARALLEL) for name in peers}
    of_itself = "nginx-static against itself"
    return [
        Result(
            6,
            f"warm first byte, 3 MiB, over nginx-static ({ms(median(first['static']))}), bare view",
            "≤ +0.5 ms",
            f"{over_ms(over['bare'])} (floor {over_ms(over['floor'])}, "
            f"{of_itself} {over_ms(over['again'])})",
            over["bare"] <= 0.0005,
        ),
        Result(
            6,
            "the same with sign-in, rights and trail",
            "≤ floor + 1 ms",
            over_ms(over["portal"]),
            over["portal"] <= over["floor"] + 0.001,
        ),
        Result(
            6,
            "warm whole file of 3 MiB, time of nginx-static",
            "≤ 1.3 ×",
            f"{times['portal']:.2f} × (bare view {times['bare']:.2f}, floor {times['floor']:.2f}, "
            f"{of_itself} {times['again']:.2f})",
            times["portal"] <= 1.3,
        ),
        Result(
            6,
            f"{_PARALLEL} in parallel, throughput of nginx-static",
            "≥ 0.8 ×, or ≤ 1.8 ms of processor time each",
            f"{rates['portal']:.2f} ×, {ms(each_s['portal'])} (bare view {rates['bare']:.2f}, "
            f"{ms(each_s['bare'])}; floor {rates['floor']:.2f}, {ms(each_s['floor'])}; "
            f"{of_itself} {rates['again']:.2f})",
            rates["portal"] >= 0.8 or each_s["portal"] <= 0.0018,
        ),
    ]
