"""The library: the table of known calls, and the box that opens more of them."""

from dataclasses import dataclass, replace

from django.conf import settings
from django.core.paginator import Page, Paginator
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.functional import cached_property
from django.views.decorators.http import require_POST, require_safe

from kallglot_portal.uploads import takes_file
from recordings import permissions, tasks
from recordings.filters import VIEWS, CallFilters
from recordings.forms import OpenCallsForm
from recordings.kallglot import errors
from recordings.kallglot.types import FoundId
from recordings.models import Session, SessionState
from recordings.services import importing, measures, pasted_ids
from recordings.services.trouble import Trouble, from_error
from recordings.views import call_rows, came_from, refusals
from recordings.views.polling import look_again

PAGE_SIZE = 50
MOST_COUNTED = 10_000
# One look-up costs two calls of a small rate limit; more than these are an import.
MOST_AT_ONCE = 5


@dataclass(frozen=True, slots=True)
class Opened:
    """The outcome for one id, or for several of one call: the call, or why it was not opened."""

    kallglot_id: str
    session: Session | None
    trouble: Trouble | None


@dataclass(frozen=True, slots=True)
class Head:
    """A sortable head: the query string it leads to, and the value of `aria-sort` or nothing."""

    address: str
    direction: str


@require_safe
def library(request):
    permissions.require(request.user, permissions.SEE)
    return _page(request, OpenCallsForm())


@takes_file(permissions.OPEN)
@require_POST
def open_calls(request):
    """Open one id and go to its room, or a few and list what came of each, or import many."""
    permissions.require(request.user, permissions.OPEN)
    form = OpenCallsForm(request.POST, request.FILES)
    if not form.is_valid():
        return _page(request, form, status=422)
    found = pasted_ids.prefer_known(form.cleaned_data["ids"], request.user)
    if len(found) > MOST_AT_ONCE:
        try:
            batch = importing.create(request.user, [one.id for one in found])
        except importing.TooManyImports as error:
            form.add_error("ids", str(error))
            return _page(request, form, status=429)
        tasks.soon(tasks.work_off_imports)
        return redirect("import", batch.pk)
    outcomes = _one_per_call([_open(one, request.user) for one in found])
    if len(outcomes) > 1:
        # What only a wait can mend stays in the box, ready to be sent again.
        later = [o.kallglot_id for o in outcomes if o.trouble and o.trouble.passes]
        form = OpenCallsForm(initial={"ids": "\n".join(later)})
        return _page(request, form, outcomes=outcomes)
    (outcome,) = outcomes
    if outcome.session:
        return redirect("session", outcome.session.kallglot_id)
    return _page(request, form, outcomes=outcomes, status=outcome.trouble.status)


def _one_per_call(outcomes: list[Opened]) -> list[Opened]:
    """`outcomes`, with one for each call that was opened, which names all ids of it."""
    merged: dict[object, Opened] = {}
    for outcome in outcomes:
        key = outcome.session.pk if outcome.session else outcome.kallglot_id
        if before := merged.get(key):
            outcome = replace(before, kallglot_id=f"{before.kallglot_id} {outcome.kallglot_id}")
        merged[key] = outcome
    return list(merged.values())


def _open(found: FoundId, user) -> Opened:
    kallglot_id = found.id
    try:
        session = pasted_ids.open_call(found, user)
    except errors.KallglotError as error:
        return Opened(kallglot_id, None, from_error(error, user))
    return Opened(kallglot_id, session, None)


@require_safe
def call_row(request, session_id):
    """One row of the table, which a call still in the making asks for until it is settled.

    While nothing has changed, the answer is the next time to ask and leaves the row alone.
    """
    try:
        session = refusals.session_or_404(request, session_id)
    except Http404:
        if "seen" not in request.GET:
            raise
        # It was there a moment ago: its row goes too.
        return HttpResponse(headers=_WHOLE_ROW)
    # The end of a call comes by a webhook, and pages are full of calls in progress.
    in_a_moment = look_again(session, hurry=session.state is SessionState.ENDED)
    # Those of the table around it, whatever has been chosen since.
    columns = measures.shown(request.GET.get("columns", ""), QueryDict())
    rows = call_rows.rows(request, [session], columns, came_from.carried(request), in_a_moment)
    if request.GET.get("seen") == rows.listed[0].version:
        return render(request, "recordings/library.html#poll", {"rows": rows})
    response = render(request, "recordings/library.html#row", {"rows": rows})
    response["HX-Retarget"] = _WHOLE_ROW["HX-Retarget"]
    return response


# The part of a row that asks is what an answer replaces otherwise.
_WHOLE_ROW = {"HX-Retarget": "closest tr"}


class _Pages(Paginator):
    """Pages of calls, without an exact count of what nobody pages through.

    One query finds out which calls there are, in their order, and thereby how many; any page of
    them is then as quick as the first.
    """

    @cached_property
    def _numbers(self) -> list[int]:
        return list(self.object_list.values_list("pk", flat=True)[: MOST_COUNTED + 1])

    @cached_property
    def count(self) -> int:
        return len(self._numbers)

    @property
    def is_capped(self) -> bool:
        return self.count > MOST_COUNTED

    def page(self, number) -> Page:
        number = self.validate_number(number)
        start = (number - 1) * self.per_page
        numbers = self._numbers[start : start + self.per_page]
        return Page(call_rows.calls(numbers), number, self)


def _page(request, form, *, outcomes=(), status=200):
    filters = CallFilters(request.GET, user=request.user)
    page = _Pages(filters.calls, PAGE_SIZE).get_page(request.GET.get("page"))
    # A script keeps a person's choice.
    columns = measures.shown(request.COOKIES.get("columns", ""), request.GET)
    list_query = came_from.parameter(filters)
    context = {
        "rows": call_rows.rows(request, page.object_list, columns, list_query),
        "page": page,
        "filters": filters,
        "chips": list(filters.chips()),
        "views": [
            (name or "all", label, filters.address(view=name), name == filters.current_view)
            for name, label in VIEWS
        ],
        "heads": _heads(filters),
        "measures": [
            (measure, measure in columns, measure.name in measures.asked_for(request.GET))
            for measure in measures.MEASURES
        ],
        "calls_alone": False,
        "form": form,
        "outcomes": outcomes,
        "webhook_address": request.build_absolute_uri(reverse("webhooks")),
        "connected": bool(settings.KALLGLOT_API_KEY),
        "dense": request.COOKIES.get("density") != "relaxed",
    }
    template = "recordings/library.html"
    address = None
    if (
        request.htmx
        and request.method == "GET"
        and not request.htmx.boosted
        and not request.htmx.history_restore_request
    ):
        context["calls_alone"] = request.htmx.target == "calls"
        template += "#calls" if context["calls_alone"] else "#library"
        address = reverse("library") + filters.typed_address(page.number)
    response = render(request, template, context, status=status)
    if address:
        # A form's own address names every field; and the same address is no step for Back.
        same = request.htmx.current_url_abs_path == address
        response["HX-Push-Url"] = "false" if same else address
    waits = [o.trouble.wait_s for o in outcomes if o.trouble and o.trouble.wait_s]
    if status == 503 and waits:
        response["Retry-After"] = str(max(waits))
    return response


def _heads(filters: CallFilters) -> dict[str, Head]:
    """The sortable heads: pressing one sorts by it, pressing it again turns the order round."""
    heads = {}
    firsts = {"started": "-started", "length": "-length", "expires": "expires"}
    firsts |= {measure.name: f"-{measure.name}" for measure in measures.MEASURES}
    for name, first in firsts.items():
        other = name if first.startswith("-") else f"-{name}"
        current = filters.order in (first, other)
        following = other if filters.order == first else first
        direction = ("descending" if filters.order.startswith("-") else "ascending") * current
        heads[name] = Head(filters.address(sort=following), direction)
    return heads
