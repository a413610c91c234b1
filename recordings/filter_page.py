"""What the library's page shows of its filters: fields, chips and addresses."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from django.http import QueryDict
from django.utils import timezone

from recordings.services.measures import MEASURES

NEWEST_FIRST = "-started"
_FIRST = ("channel", "status", "lang", "from", "to")
_LATELY = (("Today", 1), ("7 days", 7), ("30 days", 30))


@dataclass(frozen=True, slots=True)
class Chip:
    """One filter in force: its name, what it says, and the query string without it."""

    name: str
    label: str
    without: str


class FilterPage:
    """A part of `filters.CallFilters`: goes by its `form` and its `data`, and asks no database."""

    @property
    def order(self) -> str:
        return self._valid().get("sort") or NEWEST_FIRST

    @property
    def current_view(self) -> str:
        return self._valid().get("view") or ""

    def _valid(self) -> dict:
        self.form.errors  # noqa: B018  (asking is what validates)
        return self.form.cleaned_data

    @property
    def search_field(self):
        return self.form["q"]

    @property
    def first_fields(self) -> list:
        """The filters used all the time; the others fold away."""
        return [self.form[name] for name in _FIRST]

    @property
    def more_fields(self) -> list:
        in_twos = {field.name for _, *fields in self.ranges for field in fields}
        hidden = {"q", "view", "sort", *_FIRST, *in_twos}
        return [self.form[name] for name in self.form.fields if name not in hidden]

    @property
    def ranges(self) -> list[tuple]:
        """Folded filters that come in twos: what they are about, the least and the most."""
        return [
            ("Minutes", self.form["min"], self.form["max"]),
            *(
                (
                    f"{measure.label}, {measure.unit}",
                    self.form[f"{measure.name}_min"],
                    self.form[f"{measure.name}_max"],
                )
                for measure in MEASURES
            ),
        ]

    @property
    def has_more(self) -> bool:
        """Whether one of the folded filters is in force."""
        names = [field.name for field in self.more_fields]
        names += [field.name for _, *fields in self.ranges for field in fields]
        return any(self._valid().get(name) not in (None, "") for name in names)

    def chips(self) -> Iterator[Chip]:
        """The filters in force, each with the address that is left without it."""
        for name, value in self._valid().items():
            if value in (None, "") or name in ("sort", "view"):
                continue
            field = self.form.fields[name]
            shown = dict(getattr(field, "choices", ())).get(value, value)
            yield Chip(name, f"{field.label}: {shown}", self.address(**{name: None}))

    def address(self, **changes: str | None) -> str:
        """The library's query string with some parameters changed (None: removed), page one."""
        query = QueryDict(mutable=True)
        for name, value in self._valid().items():
            if value not in (None, ""):
                query[name] = str(value)
        for name, value in changes.items():
            query.pop(name, None)
            if value:
                query[name] = value
        return _written(query)

    def typed_address(self, page: int = 1) -> str:
        """The query string as it was asked for, without what is empty or names no filter."""
        query = QueryDict(mutable=True)
        for name in self.form.fields:
            if value := self.data.get(name, ""):
                query[name] = value
        if page > 1:
            query["page"] = str(page)
        return _written(query)

    def lately(self) -> Iterator[tuple[str, str, bool]]:
        """Quick choices of dates: what they say, their query string, and whether it is in force."""
        today = timezone.localdate()
        dates = {name: self._valid().get(name) for name in ("from", "to")}
        for label, days in _LATELY:
            first = today - timedelta(days=days - 1)
            current = dates == {"from": first, "to": None}
            yield label, self.address(**{"from": first.isoformat(), "to": None}), current


def _written(query: QueryDict) -> str:
    return f"?{query.urlencode()}" if query else ""
