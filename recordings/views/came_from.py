"""The list that a call was opened from: carried in the room's address, so links go on in it."""

from urllib.parse import urlencode

from django.http import QueryDict
from django.utils.functional import cached_property

from recordings.filters import VIEWS, CallFilters
from recordings.models import Session

PARAMETER = "list"
# What people type fits many times; an address has to stay one that servers take.
_MOST_CHARACTERS = 2000


def parameter(filters: CallFilters) -> str:
    """`filters` as a parameter of a room's address; empty for the library as it is by itself."""
    return _parameter(filters.address().removeprefix("?"))


def carried(request) -> str:
    """The same of a request that has it in its address already."""
    return _parameter(request.GET.get(PARAMETER, ""))


def query(request) -> QueryDict:
    """The library's query string that a request has in its address."""
    return QueryDict(QueryDict(carried(request)).get(PARAMETER, ""))


def _parameter(text: str) -> str:
    found = urlencode({PARAMETER: text}) if text else ""
    return found if len(found) <= _MOST_CHARACTERS else ""


class CameFrom:
    """The library's list that a room's address names; without one, all calls, newest first."""

    def __init__(self, request, session: Session) -> None:
        self._request = request
        self._session = session
        self.parameter = carried(request)

    @cached_property
    def _filters(self) -> CallFilters:
        return CallFilters(query(self._request), user=self._request.user)

    @property
    def address(self) -> str:
        """The library's query string."""
        return self._filters.address()

    @property
    def words(self) -> list[str]:
        """What the list is, for people: its view and its filters."""
        view = dict(VIEWS[1:]).get(self._filters.current_view)
        return [*([view] if view else []), *(chip.label for chip in self._filters.chips())]

    @cached_property
    def neighbours(self) -> tuple[Session | None, Session | None]:
        """The calls before and after this one; up to five queries, whatever their number."""
        return self._filters.neighbours(self._session)
