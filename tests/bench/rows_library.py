"""Row 10: the library over 100,000 calls, on both kinds of database, and how it grows."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from . import postgres
from .figures import Result, median, ms, p95
from .processes import Failed
from .stage import ROOT, Stage

_TARGET_S = 0.100
_SHOWN = 8
_END_WITHIN_S = 480
_GROUPS = ("filter", "sort", "page", "search")


def row_10(stage: Stage) -> list[Result]:
    """`BENCH_SESSIONS=20000` for a shorter run."""
    largest = int(os.environ.get("BENCH_SESSIONS", "100000"))
    sizes = sorted({max(1, largest // 100), max(1, largest // 10), largest})
    results = _on(stage, "SQLite", sizes, None)
    if postgres.programs() is None:
        missing = "not measured: PostgreSQL is not installed here"
        return [*results, Result(10, "library on PostgreSQL", "", missing, None)]
    cluster = stage.keep(postgres.Cluster())
    try:
        return results + _on(stage, "PostgreSQL", sizes, cluster.url)
    finally:
        stage.let_go(cluster)


def _on(stage: Stage, name: str, sizes: list[int], url: str | None) -> list[Result]:
    try:
        told = _measure(stage, sizes, url)["sizes"]
    except Failed as error:
        # The other rows are worth having all the same.
        return [Result(10, f"library on {name}", "", f"not measured: {error}", None)]
    last = told[str(sizes[-1])]
    cases = {case: facts["s"] for case, facts in last["cases"].items()}
    database = {case: median(facts["database_s"]) for case, facts in last["cases"].items()}
    label = (
        f"{sizes[-1]:,} calls, {last['recordings']:,} recordings, {last['turns']:,} turns, {name}"
    )
    results = []
    for group in _GROUPS:
        found = {case: times for case, times in cases.items() if _group(case) == group}
        worst = max(map(p95, found.values()))
        late = sorted((c for c in found if p95(found[c]) > _TARGET_S), key=lambda c: -p95(found[c]))
        named = late[:_SHOWN] or [max(found, key=lambda case: p95(found[case]))]
        shown = "; ".join(
            f"{c} {ms(median(found[c]))} / {ms(p95(found[c]))} / {ms(database[c])}" for c in named
        )
        results.append(
            Result(
                10,
                f"library, every {group} ({len(found)} addresses), p95 of each, {label}",
                "≤ 100 ms",
                f"{len(found) - len(late)} of {len(found)} hold; slowest (median / p95 / "
                f"median in the database): {shown}",
                worst <= _TARGET_S,
            )
        )
    return [*results, _queries(name, sizes, told), _growth(name, sizes, told)]


def _queries(name: str, sizes: list[int], told: dict) -> Result:
    """Whether each address costs as many queries over many calls as over few.

    The fewest count: once a minute a request notes that the person is still there, and after
    some minutes one looks up what the filters offer.
    """
    counts = {
        case: [min(told[str(size)]["cases"][case]["queries"]) for size in sizes]
        for case in told[str(sizes[0])]["cases"]
    }
    differing = {case: seen for case, seen in counts.items() if len(set(seen)) > 1}
    every = [count for seen in counts.values() for count in seen]
    shown = "; ".join(f"{case} {seen}" for case, seen in list(differing.items())[:_SHOWN])
    return Result(
        10,
        f"queries of a page over {', '.join(f'{size:,}' for size in sizes)} calls, {name}",
        "the same",
        f"{min(every)} to {max(every)}, "
        + (f"not the same for {len(differing)}: {shown}" if differing else "the same for each"),
        not differing,
    )


def _growth(name: str, sizes: list[int], told: dict) -> Result:
    parts = []
    for size in sizes:
        cases = told[str(size)]["cases"].values()
        every = [took for case in cases for took in case["s"]]
        worst = max(p95(case["s"]) for case in cases)
        parts.append(
            f"{size:,}: median {ms(median(every))}, p95 {ms(p95(every))}, slowest address "
            f"{ms(worst)} (made in {told[str(size)]['made_s']:.0f} s)"
        )
    return Result(10, f"all addresses together, growth, {name}", "", "; ".join(parts), None)


def _group(case: str) -> str:
    first = case.split()[0]
    if first == "all" or "page" in case:
        return "page"
    return first if first in _GROUPS else "filter"


def _measure(stage: Stage, sizes: list[int], url: str | None) -> dict:
    with tempfile.TemporaryDirectory(dir=stage.scratch) as folder:
        environment = stage.portal_environment(Path(folder).name, "tests.bench.portal_settings")
        environment["KALLGLOT_API_URL"] = "http://127.0.0.1:9/v1"  # no page may need it
        if url:
            environment["DATABASE_URL"] = url
        try:
            done = subprocess.run(
                [sys.executable, "-m", "tests.bench.library", ",".join(map(str, sizes))],
                env=environment,
                cwd=ROOT,
                capture_output=True,
                text=True,
                check=False,
                timeout=_END_WITHIN_S,
            )
        except subprocess.TimeoutExpired:
            raise Failed("The library was not measured within its time.") from None
    if done.returncode != 0:
        raise Failed(f"The library cannot be measured:\n{done.stderr[-2000:]}")
    found = json.loads(done.stdout)
    if folder := os.environ.get("BENCH_FIGURES"):
        # Every figure, for who wants to see more than the table shows.
        Path(folder, f"library-{found['vendor']}.json").write_text(done.stdout)
    return found
