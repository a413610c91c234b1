"""Numbers out of samples, and the shape of one row of the table."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

MIB = 2**20


@dataclass(frozen=True, slots=True)
class Result:
    """One measured line. holds: whether the target is met; None for a line without a target.

    others: how much of a core other programs of this machine used meanwhile.
    """

    row: int
    measure: str
    target: str
    measured: str
    holds: bool | None
    others: float = 0.0


def median(samples: Sequence[float]) -> float:
    return statistics.median(samples)


def p95(samples: Sequence[float]) -> float:
    """The value that 95 of 100 samples do not exceed."""
    ordered = sorted(samples)
    return ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))]


def ms(seconds: float) -> str:
    return f"{seconds * 1000:.2f} ms"


def over_ms(seconds: float) -> str:
    return f"{seconds * 1000:+.2f} ms"
