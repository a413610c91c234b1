"""The library's filters: the query string as a form, and the calls that it leaves.

Names of parameters and their values come from the lists here and from nowhere else; a value
that is not among them is ignored, as if the parameter were not there.
"""

import re
from datetime import date, timedelta

import django_filters
from django import forms
from django.core.cache import cache
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db.models import Q
from django.utils import timezone

from recordings.filter_page import NEWEST_FIRST, FilterPage
from recordings.models import Access, AuditAction, CallState, ListeningPosition, Recording, Session
from recordings.models.visibility import words_visible_to
from recordings.services import searching
from recordings.services.measures import MEASURES
from recordings.services.orders import Order
from recordings.widgets import DateInput, NumberInput, SearchInput, Select

VIEWS = (
    ("", "All"),
    ("unheard", "Not heard by me"),
    ("incomplete", "Incomplete"),
    ("expiring", "Expiring in 7 days"),
)
_SORTED_BY = {
    "started": "sort_at",
    "length": "length_s",
    "expires": "expires_first",
    **{measure.name: measure.column for measure in MEASURES},
}
SORTS = {
    f"{sign}{name}": Order(column, descending=bool(sign), has_blanks=column != "sort_at")
    for name, column in _SORTED_BY.items()
    for sign in ("-", "")
}

_INCOMPLETE = (
    CallState.UNKNOWN,
    CallState.ACTIVE,
    CallState.PROCESSING,
    CallState.PARTLY_READY,
    CallState.UNCLEAR,
    CallState.FAILED,
    CallState.MISSING,
)
_SOON = timedelta(days=7)
# The first and last years cannot be counted with in every time zone without an overflow.
_DAYS_TOLD = [MinValueValidator(date(1970, 1, 1)), MaxValueValidator(date(9998, 12, 31))]
_WORD = re.compile(r"[\w-]{1,80}")
_DAYS = (("1", "within a day"), ("7", "within 7 days"), ("30", "within 30 days"))
_VALUES_KEPT_S = 300
# Offered by one filter. There are fewer languages; what Kallglot may send has no limit.
_MOST_WORDS = 200


def in_state(state: str) -> Q:
    """The calls whose `Session.call_state` is `state`, as a condition for the database."""
    past = Q(expires_last__lte=timezone.now(), recordings_state__in=Session.CAN_EXPIRE)
    if state == CallState.EXPIRED:
        return Q(recordings_state=CallState.EXPIRED) | past
    return Q(recordings_state=state) & ~past


def _choices(user) -> tuple[list[str], list[str]]:
    """The languages and the modes of the calls that `user` may see now."""
    # Looked up every few minutes: it goes through all calls. Which of these words the user's own
    # calls have is asked each time, of the indexes, since a call may have changed teams.
    words = cache.get_or_set("library-words", _words_of_all_calls, _VALUES_KEPT_S)
    seen = {column: words_visible_to(user, column, found) for column, found in words.items()}
    languages = {*seen["source_language"], *seen["target_language"]}
    return sorted(languages), sorted(seen["mode"])


def _words_of_all_calls() -> dict[str, list[str]]:
    """The words of each column that has a filter, whosever calls they are of."""
    columns = ("source_language", "target_language", "mode")
    found = set(Session.objects.order_by().values_list(*columns).distinct())
    return {
        column: sorted({words[place] for words in found} - {""})[:_MOST_WORDS]
        for place, column in enumerate(columns)
    }


class _WordField(django_filters.fields.ChoiceField):
    def valid_value(self, value):
        return bool(_WORD.fullmatch(value))


class WordFilter(django_filters.ChoiceFilter):
    """Takes any word, also one that no call has (yet): then it finds none.

    The words offered are looked up now and then, so they cannot be all that is valid: an address
    must find the same calls in every process, and never more than it asks for.
    """

    field_class = _WordField


class CallFilters(FilterPage, django_filters.FilterSet):
    """One field per parameter of the library's address."""

    q = django_filters.CharFilter(
        label="Search",
        method="find",
        widget=SearchInput(attrs={"placeholder": "Id, number, name, or what was said"}),
    )
    channel = django_filters.ChoiceFilter(
        label="Channel",
        empty_label="Any channel",
        choices=[(channel, channel.capitalize()) for channel in Recording.CHANNELS],
        method="with_channel",
        widget=Select,
    )
    status = django_filters.ChoiceFilter(
        label="State",
        empty_label="Any state",
        choices=CallState.choices,
        method="with_state",
        widget=Select,
    )
    format = django_filters.ChoiceFilter(
        label="Format",
        empty_label="Any format",
        choices=[("mp3", "MP3"), ("wav", "WAV")],
        method="with_format",
        widget=Select,
    )
    lang = WordFilter(
        label="Language",
        empty_label="Any language",
        choices=[],
        method="in_language",
        widget=Select,
    )
    mode = WordFilter(
        label="Mode", empty_label="Any mode", choices=[], field_name="mode", widget=Select
    )
    # `from` is a word of Python, so this one and its fellow are named below.
    min = django_filters.NumberFilter(
        label="Minutes, at least",
        min_value=0,
        max_value=1440,
        method="at_least",
        widget=NumberInput,
    )
    max = django_filters.NumberFilter(
        label="Minutes, at most",
        min_value=0,
        max_value=1440,
        method="at_most",
        widget=NumberInput,
    )
    expires = django_filters.ChoiceFilter(
        label="Expires",
        empty_label="Any expiry",
        choices=_DAYS,
        method="expiring",
        widget=Select,
    )
    view = django_filters.ChoiceFilter(
        choices=VIEWS[1:], method="in_view", widget=forms.HiddenInput
    )
    sort = django_filters.ChoiceFilter(
        choices=[(name, name) for name in SORTS], method="in_order", widget=forms.HiddenInput
    )

    def __init__(self, data, *, user):
        super().__init__(data, Session.objects.visible_to(user))
        self.user = user
        for name, words, label in zip(
            ("lang", "mode"), _choices(user), (str, _capitalised), strict=True
        ):
            asked_for = {word for word in [self.data.get(name, "")] if _WORD.fullmatch(word)}
            offered = sorted({*words, *asked_for})
            self.filters[name].extra["choices"] = [(word, label(word)) for word in offered]

    def filter_queryset(self, calls):
        values = self.form.cleaned_data
        # The search last: SQLite asks in this order, and asks the dearest only where others hold.
        for name in sorted(values, key=lambda name: name == "q"):
            calls = self.filters[name].filter(calls, values[name])
        return calls

    # -- one method per filter -------------------------------------------------------------

    def find(self, calls, name, text):
        return searching.matching(calls, text)

    def with_channel(self, calls, name, channel):
        return calls.filter(channels__contains=f",{channel},")

    def with_state(self, calls, name, state):
        return calls.filter(in_state(state))

    def with_format(self, calls, name, word):
        return calls.filter(formats__contains=f",{word},")

    def in_language(self, calls, name, language):
        return calls.filter(Q(source_language=language) | Q(target_language=language))

    def since(self, calls, name, day):
        return calls.filter(sort_at__gte=_start_of(day))

    def until(self, calls, name, day):
        return calls.filter(sort_at__lt=_start_of(day + timedelta(days=1)))

    def at_least(self, calls, name, minutes):
        return calls.filter(length_s__gte=float(minutes) * 60)

    def at_most(self, calls, name, minutes):
        return calls.filter(length_s__lte=float(minutes) * 60)

    def measured(self, calls, name, typed):
        name, end = name.split("_")
        measure = next(measure for measure in MEASURES if measure.name == name)
        side = "gte" if end == "min" else "lte"
        return calls.filter(**{f"{measure.column}__{side}": measure.stored(typed)})

    def expiring(self, calls, name, days):
        now = timezone.now()
        until = now + timedelta(days=int(days))
        return calls.filter(expires_first__gt=now, expires_first__lte=until)

    def in_view(self, calls, name, view):
        if view == "unheard":
            # Lists of one's own calls, made once, where a look-up per call would take seconds.
            places = ListeningPosition.objects.filter(user=self.user)
            heard = places.filter(heard_s__gt=0).values("session")
            # Who plays a file by other means than the portal's player has no place in the call.
            played = (
                Access.objects.filter(user=self.user, action=AuditAction.PLAY)
                .exclude(session__in=places.values("session"))
                .values("session")
            )
            return calls.exclude(pk__in=heard).exclude(pk__in=played)
        if view == "expiring":
            return self.expiring(calls, name, _SOON.days)
        return calls.filter(recordings_state__in=_INCOMPLETE).exclude(in_state(CallState.EXPIRED))

    def in_order(self, calls, name, sort):
        return calls.order_by(*SORTS[sort].by)

    # -- what is left ----------------------------------------------------------------------

    @property
    def calls(self):
        """The calls that are left, newest first unless the address says otherwise."""
        return self.qs if self.qs.ordered else self.qs.order_by(*SORTS[NEWEST_FIRST].by)

    def neighbours(self, session: Session) -> tuple[Session | None, Session | None]:
        """The calls before and after `session` in these; see `Order.neighbours`."""
        return SORTS[self.order].neighbours(self.calls, session)


for _name, _label, _method in (("from", "From", "since"), ("to", "To", "until")):
    CallFilters.base_filters[_name] = django_filters.DateFilter(
        label=_label, method=_method, widget=DateInput, validators=_DAYS_TOLD
    )
for _measure in MEASURES:
    for _end, _words in (("min", "at least"), ("max", "at most")):
        _name = f"{_measure.name}_{_end}"
        CallFilters.base_filters[_name] = django_filters.NumberFilter(
            field_name=_name,
            label=f"{_measure.label}, {_measure.unit}, {_words}",
            min_value=0,
            max_value=_measure.most,
            method="measured",
            widget=NumberInput,
        )


def _capitalised(word: str) -> str:
    return word.replace("_", " ").capitalize()


def _start_of(day):
    """The first moment of `day` in the viewer's time zone."""
    return timezone.make_aware(timezone.datetime.combine(day, timezone.datetime.min.time()))
