"""`python -m tests.suite`: all tests, in groups that each run the way that suits them best.

Other arguments are handed to each group's pytest: `python -m tests.suite -k webhooks`.

--quick: only the tests that need no server, browser or second database of their own.
--coverage: only the first two groups, and what share of the code they run. That takes twice as
long, so it is apart.
"""

import json
import re
import subprocess
import sys
import time
from dataclasses import dataclass, field

# Most tests wait for servers and disks, so two cores carry more than two processes.
PARALLEL = ("-n", "4", "--dist", "loadfile")
SERVED = ("tests/relay", "tests/worker")
COVERED_PERCENT = 90
_NOTHING_SELECTED = 5  # pytest's exit code
_COUNT = re.compile(r"(\d+) (passed|failed|skipped|errors?|rerun)\b")


@dataclass
class Group:
    """Tests that one pytest runs. `command` starts with the program before `-m pytest`."""

    name: str
    arguments: tuple[str, ...]
    command: tuple[str, ...] = (sys.executable,)
    seconds: float = 0.0
    counts: dict[str, int] = field(default_factory=dict)
    reruns: list[str] = field(default_factory=list)
    failed: bool = False

    def run(self, more: list[str]) -> None:
        """Run the group, pass its output on, and keep what its last lines say."""
        print(f"\n== {self.name}", flush=True)
        begun = time.monotonic()
        command = [*self.command, "-m", "pytest", "-q", *self.arguments, *more]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            lines = []
            for line in process.stdout:
                sys.stdout.write(line)
                sys.stdout.flush()
                lines.append(line)
        self.seconds = time.monotonic() - begun
        self.failed = process.returncode not in (0, _NOTHING_SELECTED)
        self.reruns = [line.split()[1] for line in lines if line.startswith("RERUN ")]
        summary = next((line for line in reversed(lines) if _COUNT.search(line)), "")
        self.counts = {word.rstrip("s"): int(n) for n, word in _COUNT.findall(summary)}


def groups(quick: bool, measure: bool) -> list[Group]:
    """The groups in the order in which they run."""
    coverage = ("--cov", "--cov-append", "--cov-report=") if measure else ()
    together = "not browser and not endurance and not timed"
    in_process = Group(
        "in this process, SQLite",
        ("-m", together, *PARALLEL, *coverage, "--ignore=tests/browser", *map(_ignore, SERVED)),
    )
    if quick:
        return [in_process]
    served = Group(
        "served by gunicorn and the worker", ("-m", together, *PARALLEL, *coverage, *SERVED)
    )
    if measure:
        return [in_process, served]
    return [
        in_process,
        served,
        Group(
            "browsers",
            ("-m", "browser and not endurance and not timed", *PARALLEL, "tests/browser"),
        ),
        Group(
            "PostgreSQL",
            ("-m", together, *PARALLEL, "--ignore=tests/browser", "--ignore=tests/relay"),
            ("sh", "tests/on-postgres.sh", sys.executable),
        ),
        # These measure time. They run alone, and may be run again: docs/decisions/0018.
        Group("timed, one by one", ("-m", "timed and not endurance", "--reruns=2", "-rR")),
    ]


def _ignore(folder: str) -> str:
    return f"--ignore={folder}"


def report_coverage() -> None:
    """Print the share of lines that ran, and the files below COVERED_PERCENT."""
    command = [sys.executable, "-m", "coverage", "json", "-q", "-o", "-"]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    measured = json.loads(output)
    total = measured["totals"]["percent_covered"]
    print(f"\nCoverage of Python in these groups: {total:.1f} %")
    for name, file in measured["files"].items():
        share = file["summary"]["percent_covered"]
        if share < COVERED_PERCENT:
            print(f"  below {COVERED_PERCENT} %: {name} {share:.0f} %")


def main(arguments: list[str]) -> int:
    """Run every group, also after one has failed; 0 if all passed."""
    quick, measure = "--quick" in arguments, "--coverage" in arguments
    more = [argument for argument in arguments if argument not in ("--quick", "--coverage")]
    ran = groups(quick, measure)
    if measure:
        subprocess.run([sys.executable, "-m", "coverage", "erase"], check=True)
    for group in ran:
        group.run(more)
    if measure:
        report_coverage()
    print()
    for group in ran:
        counts = ", ".join(f"{n} {word}" for word, n in group.counts.items()) or "nothing selected"
        print(f"{group.seconds:6.0f} s  {group.name}: {counts}")
    total = {
        word: sum(g.counts.get(word, 0) for g in ran)
        for word in ("passed", "failed", "error", "skipped")
    }
    failed = total["failed"] + total["error"]
    print(f"\n{total['passed']} passed, {failed} failed, {total['skipped']} skipped")
    reruns = sorted({name for group in ran for name in group.reruns})
    if reruns:
        print(f"Run again: {', '.join(reruns)}")
    return int(any(group.failed for group in ran))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
