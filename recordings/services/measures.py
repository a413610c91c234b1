"""The measurements that help to find a call: the library can show, sort and filter by them."""

from dataclasses import dataclass
from decimal import Decimal

from django.http import QueryDict

from recordings.audio.measurements import DEFINITIONS
from recordings.models import Session


@dataclass(frozen=True, slots=True)
class Measure:
    """One of them: its name in addresses, the call's column, and its words for people."""

    name: str
    column: str
    label: str
    definition: str
    is_share: bool

    @property
    def unit(self) -> str:
        return "%" if self.is_share else "s"

    @property
    def most(self) -> int:
        """The largest value that makes sense, as people type it."""
        return 100 if self.is_share else 86_400

    def stored(self, typed: Decimal) -> float:
        """What people type, as the database has it."""
        return float(typed) / 100 if self.is_share else float(typed)

    def of(self, session: Session) -> float | None:
        """None where it could not be had."""
        return getattr(session, self.column)


MEASURES = (
    Measure(
        "silence",
        "longest_silence_s",
        "Longest silence",
        DEFINITIONS["longest_silence_s"],
        is_share=False,
    ),
    Measure(
        "overlap", "overlap_share", "Both at once", DEFINITIONS["overlap_share"], is_share=True
    ),
    Measure("talk", "agent_talk_share", "Agent's talk", DEFINITIONS["agent_share"], is_share=True),
)


def asked_for(query: QueryDict) -> set[str]:
    """The names of those that a library address sorts or filters by."""
    sort = query.get("sort", "").removeprefix("-")
    return {
        measure.name
        for measure in MEASURES
        if measure.name == sort or any(query.get(f"{measure.name}_{end}") for end in ("min", "max"))
    }


def shown(chosen: str, query: QueryDict) -> tuple[Measure, ...]:
    """The columns of a library table: those a person chose ("silence.talk"), and those in use."""
    names = {*chosen.split("."), *asked_for(query)}
    return tuple(measure for measure in MEASURES if measure.name in names)
