"""The orders that calls are listed in, and the neighbours a call has in such a list."""

from dataclasses import dataclass

from django.db.models import F, Q, QuerySet

from recordings.models import Session


@dataclass(frozen=True, slots=True)
class Order:
    """By one column of the call, blanks last; equals in the order they became known."""

    column: str
    descending: bool
    has_blanks: bool

    @property
    def by(self) -> tuple:
        """As arguments of `order_by`."""
        sign = "-" if self.descending else ""
        if not self.has_blanks:
            # Nothing is said of blanks then: PostgreSQL would no longer use the index.
            return f"{sign}{self.column}", f"{sign}pk"
        column = F(self.column)
        turn = column.desc if self.descending else column.asc
        return turn(nulls_last=True), f"{sign}pk"

    def neighbours(
        self, calls: QuerySet, session: Session
    ) -> tuple[Session | None, Session | None]:
        """The calls before and after `session` in `calls`, which need not be among them (any more).

        Up to four queries, each from the place of `session` on: what lies between costs nothing.
        """
        return self._beyond(calls, session, after=False), self._beyond(calls, session, after=True)

    def _beyond(self, calls: QuerySet, session: Session, *, after: bool) -> Session | None:
        falls = self.descending == after
        sign, side = ("-", "lt") if falls else ("", "gt")
        value = getattr(session, self.column)
        known = calls.order_by(f"{sign}{self.column}", f"{sign}pk")
        later = Q(**{f"pk__{side}": session.pk})
        if value is not None:
            # The first condition looks superfluous; by it databases find the place in an index.
            known = known.filter(**{f"{self.column}__{side}e": value})
            known = known.filter(Q(**{f"{self.column}__{side}": value}) | later)
        if not self.has_blanks:
            return known.first()
        blank = calls.filter(**{f"{self.column}__isnull": True}).order_by(f"{sign}pk")
        if value is not None:
            parts = (known, blank) if after else (known,)
        else:
            blank = blank.filter(later)
            known = known.filter(**{f"{self.column}__isnull": False})
            parts = (blank,) if after else (blank, known)
        return next((found for part in parts if (found := part.first())), None)
