"""The library in a real browser: what it asks for and how often, and what stays in its place."""

import re

import pytest
from playwright.sync_api import expect

from recordings.simulator import make_call, noise

from .test_journeys import NEXT_LOOK_MS

pytestmark = pytest.mark.browser

PARCEL = "sess_01HXYZ123456789"
WAIT_MS = 450


@pytest.fixture
def library(open_page):
    """The library, and the addresses that its filters, views and heads asked for."""
    page = open_page("leo")
    page.clock.install()
    asked = []
    page.on(
        "request",
        lambda r: asked.append(r.url) if r.headers.get("hx-target") in ("calls", "library") else 0,
    )
    return page, asked


def settled(page):
    """Let the moment pass in which the filters wait, and whatever is asked for then."""
    page.clock.run_for(WAIT_MS)
    expect(page.locator(".htmx-request")).to_have_count(0)


def test_a_search_is_sent_once_whatever_comes_after_it(library, portal):
    page, asked = library
    page.get_by_role("searchbox").press_sequentially("4711", delay=20)
    expect(page).to_have_url(f"{portal.url}/?q=4711")
    steps = page.evaluate("history.length")

    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Library").click()
    settled(page)

    assert len(asked) == 1
    assert page.evaluate("history.length") == steps
    page.get_by_role("searchbox").fill("4630")
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{portal.url}/?q=4630")
    settled(page)
    assert len(asked) == 2


def test_views_keep_filters_that_were_chosen_and_filters_keep_the_view(library, portal):
    page, _ = library
    page.get_by_label("State", exact=True).select_option("ready")
    expect(page).to_have_url(f"{portal.url}/?status=ready")
    settled(page)
    page.get_by_role("link", name="Expiring in 7 days").click()
    expect(page).to_have_url(f"{portal.url}/?status=ready&view=expiring")
    settled(page)
    page.get_by_label("State", exact=True).select_option("")
    expect(page).to_have_url(f"{portal.url}/?view=expiring")
    settled(page)
    page.get_by_role("link", name="All", exact=True).click()
    expect(page).to_have_url(f"{portal.url}/")


# In one go: the filters wait for a moment before they ask.
_CHANGE_AND_PRESS = """([field, value, link]) => {
  const changed = document.querySelector(field);
  changed.value = value;
  const kind = changed.matches("select") ? "change" : "input";
  changed.dispatchEvent(new Event(kind, {bubbles: true}));
  document.querySelector(link).click();
}"""


# The page, the field that is changed and how, the link that is pressed, and what is shown then.
CHANGES = (
    ("/", "#id_q", "4711", "#view-expiring", "/?q=4711&view=expiring"),
    ("/", "#id_min", "2", "#sort-length", "/?min=2&sort=-length"),
    ("/", "#id_status", "ready", "#view-expiring", "/?status=ready&view=expiring"),
    ("/?status=ready", "#id_q", "4711", "#chip-status", "/?q=4711"),
    ("/?q=4711", "#id_q", "471", "#chip-q", "/"),
    ("/?q=4711&view=expiring", "#id_q", "", "#view-all", "/"),
    ("/?status=ready", "#id_q", "4711", "#clear-all", "/"),
)


def test_what_was_changed_a_moment_before_a_link_is_part_of_what_it_shows(
    library, portal, complaints
):
    page, _ = library
    for start, field, value, link, end in CHANGES:
        page.goto(start)

        page.evaluate(_CHANGE_AND_PRESS, [field, value, link])

        expect(page).to_have_url(portal.url + end)
        settled(page)
        expect(page).to_have_url(portal.url + end)
        if field == "#id_q":
            expect(page.locator(field)).to_have_value("4711" if "q=4711" in end else "")
    # A list is asked for at once, and the link ends that.
    ended = ("htmx:afterRequest", "htmx:sendAbort")
    complaints[:] = [line for line in complaints if not line.startswith(ended)]


def test_a_value_out_of_range_is_said_to_be_ignored_and_stops_no_other_filter(library, portal):
    page, _ = library
    page.get_by_text("More filters").click()
    least = page.locator("#id_min")

    least.fill("-5")

    expect(page.locator("#id_min_error")).to_contain_text("“-5” is ignored")
    expect(least).to_have_attribute("aria-invalid", "true")
    expect(least).to_have_accessible_description(re.compile("“-5” is ignored"))
    page.get_by_label("State", exact=True).select_option("ready")
    expect(page).to_have_url(f"{portal.url}/?status=ready&min=-5")
    least.fill("1")
    expect(page.locator("#id_min_error")).to_be_empty()
    expect(least).not_to_have_attribute("aria-invalid", "true")
    expect(least).to_have_accessible_description("")


def test_filters_stand_in_line_also_where_one_is_ignored(open_page):
    path = "/?status=bogus&from=2026-13-01&min=-1&overlap_min=1"
    page = open_page("leo", path, viewport={"width": 1440, "height": 900})
    for line, count in ((".filters > .field", 6), (".more-fields > .field", 7)):
        tops = page.locator(f"{line} :is(input, select):first-of-type").evaluate_all(
            "fields => fields.map((field) => Math.round(field.getBoundingClientRect().top))"
        )
        assert len(tops) == count
        assert max(tops) - min(tops) <= 1


def test_back_brings_no_text_that_the_table_does_not_go_by(library):
    page, _ = library
    # As if left within the moment in which the filters wait.
    page.evaluate("document.getElementById('id_q').value = '4711'")

    page.goto("/exports/")
    page.go_back()

    expect(page.locator(".row-link").nth(1)).to_be_visible()
    expect(page.get_by_role("searchbox")).to_have_value("")


def test_a_search_whose_page_did_not_come_can_be_asked_for_again(library, portal, complaints):
    page, _ = library
    page.evaluate(
        """() => {
          const link = '<a id="page-after" href="/?page=2" hx-get="/?page=2" hx-target="#calls">';
          document.getElementById("calls").insertAdjacentHTML("beforeend", link);
          htmx.process(document.getElementById("page-after"));
        }"""
    )
    page.route("**/?*q=4711*", lambda route: route.abort(), times=1)
    with page.expect_event("requestfailed"):
        page.evaluate(_CHANGE_AND_PRESS, ["#id_q", "4711", "#page-after"])

    page.get_by_role("searchbox").press("Enter")

    expect(page).to_have_url(f"{portal.url}/?q=4711")
    complaints.clear()


def test_what_is_typed_while_a_view_is_on_its_way_stays_and_is_asked_for(library, portal):
    page, _ = library
    held = []
    page.route("**/?view=expiring", lambda route: held.append(route))
    page.get_by_role("link", name="Expiring in 7 days").click()
    search = page.get_by_role("searchbox")
    search.press_sequentially("4711", delay=20)
    expect(page.locator("#calls[aria-busy=true]")).to_be_visible()

    held[0].continue_()

    expect(page).to_have_url(f"{portal.url}/?q=4711&view=expiring")
    expect(search).to_have_value("4711")
    expect(search).to_be_focused()


def test_the_focus_stays_on_what_was_used(library):
    page, _ = library
    for name in ("Length", "Expiring in 7 days", "30 days"):
        link = page.locator("#library").get_by_role("link", name=name, exact=True)
        link.press("Enter")
        settled(page)
        expect(link).to_be_focused()
    page.locator(".chip").press("Enter")
    settled(page)
    expect(page.get_by_role("searchbox")).to_be_focused()


def test_the_table_is_busy_while_it_is_asked_for(library):
    page, _ = library
    held = []
    page.route("**/?sort=*length", lambda route: held.append(route))

    page.get_by_role("link", name="Length").click()

    expect(page.locator("#calls.htmx-request[aria-busy=true]")).to_be_visible()
    held[0].continue_()
    settled(page)
    expect(page.locator("#calls[aria-busy=true]")).to_have_count(0)


def test_a_filtered_address_is_shared_and_back_restores_the_filters(library, open_page, portal):
    page, _ = library
    page.get_by_role("searchbox").fill("4711")
    expect(page).to_have_url(f"{portal.url}/?q=4711")
    page.get_by_label("State", exact=True).select_option("ready")
    expect(page).to_have_url(f"{portal.url}/?q=4711&status=ready")
    shown = page.locator(".row-link").count()

    colleague = open_page("ada", page.url.removeprefix(portal.url))

    expect(colleague.locator(".row-link")).to_have_count(shown)
    expect(colleague.get_by_role("searchbox")).to_have_value("4711")
    expect(colleague.get_by_label("State", exact=True)).to_have_value("ready")
    page.go_back()
    expect(page).to_have_url(f"{portal.url}/?q=4711")
    expect(page.get_by_label("State", exact=True)).to_have_value("")
    expect(page.get_by_role("searchbox")).to_have_value("4711")


def test_a_call_becomes_ready_in_its_row_and_stays_ticked(open_page, portal):
    portal.vendor.add_call(make_call("sess_row", {"mixed": noise(9000)}, ready_after=600))
    page = open_page("leo")
    page.clock.install()
    page.get_by_label("Open calls").fill("sess_row")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/sessions/sess_row/"))
    page.goto("/")
    row = page.get_by_role("row", name="sess_row")
    expect(row.locator(".badge")).to_have_text("Processing")
    row.get_by_role("checkbox").check()
    page.evaluate("window.untouched = true")

    portal.vendor.advance(601)
    portal.refresh("sess_row")
    page.clock.fast_forward(NEXT_LOOK_MS)

    expect(row.locator(".badge")).to_have_text("Ready")
    expect(row.get_by_role("checkbox")).to_be_checked()
    expect(page.get_by_text("1 chosen")).to_be_visible()
    assert page.evaluate("window.untouched") is True


def test_three_ids_in_a_ticket_are_opened(open_page, portal):
    ids = ["sess_ticket1", "sess_ticket2", "sess_ticket3"]
    for name in ids:
        portal.vendor.add_call(make_call(name, {"mixed": noise(3000)}))
    page = open_page("leo")

    page.get_by_label("Open calls").fill(
        f"Hi team,\nthe customer rang twice (see {ids[0]}, and “{ids[1]}”).\n"
        f"> last week: https://example.test/calls/{ids[2]}?tab=audio\nThanks, Bo"
    )
    page.get_by_role("button", name="Open", exact=True).click()

    outcomes = page.get_by_role("list", name="What came of it").get_by_role("listitem")
    expect(outcomes).to_have_count(3)
    for number, name in enumerate(ids):
        expect(outcomes.nth(number)).to_contain_text(name)
        expect(outcomes.nth(number).get_by_role("link", name="Open the call")).to_be_visible()
        expect(page.get_by_role("row", name=name)).to_have_count(1)
