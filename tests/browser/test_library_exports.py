"""Exporting from the library in a real browser: just the calls that its filters say."""

import csv
from urllib.parse import parse_qs

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

PARCEL = "sess_01HXYZ123456789"
ALL_THAT_MATCH = 'form[aria-label="Export all that match"]'

# In one go: the search box waits for a moment before it asks.
_TYPE_AND_PRESS = """([texts, button]) => {
  const box = document.getElementById("id_q");
  for (const text of texts) {
    box.value = text;
    box.dispatchEvent(new Event("input", {bubbles: true}));
  }
  document.querySelector(button).click();
}"""


def button(kind: str) -> str:
    return f'{ALL_THAT_MATCH} button[value="{kind}"]'


def exported(page, *texts) -> set[str]:
    """The calls in the table that is asked for right after these texts were typed."""
    with page.expect_download() as waiting:
        page.evaluate(_TYPE_AND_PRESS, [texts, button("csv")])
    with open(waiting.value.path(), encoding="utf-8-sig", newline="") as table:
        return {row["session"] for row in csv.DictReader(table)}


def listed(page) -> set[str]:
    return set(page.locator(".calls td.id code").all_text_contents())


def test_the_table_has_the_calls_of_what_was_typed_a_moment_before(open_page, portal):
    page = open_page("leo")
    every = listed(page)

    told = exported(page, "4711")

    expect(page).to_have_url(f"{portal.url}/?q=4711")
    expect(page.locator(".row-link")).to_have_count(len(told))
    assert told == listed(page) < every
    assert PARCEL in told


def test_what_was_typed_and_taken_back_changes_nothing(open_page):
    page = open_page("leo", "/?q=4711")
    shown = listed(page)

    assert exported(page, "471105", "4711") == shown


def test_the_zip_keeps_view_and_filters_beside_what_was_typed(open_page, complaints):
    page = open_page("leo", "/?status=ready&view=expiring")

    with page.expect_response("**/exports/") as waiting:
        page.evaluate(_TYPE_AND_PRESS, [["4711"], button("zip")])
    # No call matches, so there is nothing for a ZIP.
    assert waiting.value.status == 422
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    complaints.clear()

    sent = parse_qs(waiting.value.request.post_data)
    assert sent["kind"] == ["zip"]
    asked_for = parse_qs(sent["query"][0].lstrip("?"))
    assert asked_for == {"q": ["4711"], "status": ["ready"], "view": ["expiring"]}
