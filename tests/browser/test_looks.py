"""Every page, in both themes and on a phone: nothing sticks out, and everybody can use it."""

from pathlib import Path

import pytest

from .pages import PAGES

pytestmark = pytest.mark.browser

AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text()
RULES = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"]
TALL = {"width": 1440, "height": 2600}
PHONE = {"width": 390, "height": 844}
DESK = {"viewport": {"width": 1440, "height": 900}}


def violations(page, only=RULES):
    """What axe finds, as short lines: the rule, the element, the reason."""
    kind = "tag" if only is RULES else "rule"
    found = page.evaluate(
        "([type, values]) => axe.run(document, "
        "{runOnly: {type, values}, resultTypes: ['violations']})",
        [kind, only],
    )["violations"]
    return [
        f"{rule['id']}: {node['html'][:120]} ({node['failureSummary']})"
        for rule in found
        for node in rule["nodes"]
    ]


def violations_by_theme(page, only=RULES):
    """What axe finds in the light theme and in the dark one."""
    page.evaluate(AXE)
    found = []
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        found += [f"{scheme}: {line}" for line in violations(page, only)]
    return found


def settled(page):
    """Wait for parts that are fetched on loading; while they are, they are dimmed on purpose."""
    page.wait_for_load_state("networkidle")
    page.wait_for_function(
        "() => !document.querySelector('.htmx-request, .htmx-settling')"
        " && document.getAnimations().every(({ playState }) => playState !== 'running')"
    )


LONG = "an hour long"
# A list of a thousand equal lines says no more than its first ones, and takes axe half a minute.
SHORTEN = """() => {
  for (const list of document.querySelectorAll(".turns"))
    for (const turn of [...list.children].slice(30)) turn.remove();
}"""


@pytest.mark.parametrize(
    ("name", "is_whole"),
    [
        *((name, False) for name in PAGES),
        pytest.param(LONG, True, marks=pytest.mark.endurance),
    ],
)
def test_a_page_serves_everybody_in_both_themes_and_on_a_phone(
    name, is_whole, open_page, complaints
):
    person, path = PAGES[name]
    page = open_page(person, path, color_scheme="light", **DESK)
    assert page.get_by_role("button", name="Sign out").is_visible() == (person is not None)
    settled(page)
    for width in (768, 1024, 1440):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    if name == LONG and not is_whole:
        page.evaluate(SHORTEN)
    # So tall that nothing happens to lie half below the dock.
    page.set_viewport_size(TALL)
    settled(page)

    assert violations_by_theme(page) == []
    page.set_viewport_size(PHONE)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    page.set_viewport_size({**PHONE, "height": 6000})
    assert violations(page, ["color-contrast", "target-size", "scrollable-region-focusable"]) == []
    forgive_error_pages(complaints)


def forgive_error_pages(complaints):
    # The browser reports the status of the page itself; everything else counts.
    complaints[:] = [
        text for text in complaints if "the server responded with a status" not in text
    ]


def test_the_table_does_not_jump_when_the_channel_changes(open_page):
    person, path = PAGES["missing parcel"]
    page = open_page(person, path, viewport=TALL)
    page.locator("#measurements dl").first.wait_for()
    before = page.locator("#recordings table").bounding_box()

    with page.expect_response("**/recordings?channel=agent"):
        page.get_by_role("link", name="Agent 1").click()
    page.wait_for_function("() => !document.querySelector('.htmx-request, .htmx-settling')")

    after = page.locator("#recordings table").bounding_box()
    assert (after["x"], after["y"], after["width"]) == (before["x"], before["y"], before["width"])


def test_the_keyboard_reaches_everything_and_shows_where_it_is(open_page):
    person, path = PAGES["missing parcel"]
    page = open_page(person, path, **DESK)
    seen = []

    for _ in range(6):
        page.keyboard.press("Tab")
        seen.append(page.evaluate("document.activeElement.textContent.trim().split(/\\s+/)[0]"))
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline == "solid"

    assert seen[0] == "Skip"


def test_the_skip_link_leads_to_the_content(open_page):
    person, path = PAGES["missing parcel"]
    page = open_page(person, path, **DESK)

    page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    assert page.evaluate("document.activeElement.id") == "main"


def test_an_icon_is_there_for_those_who_ask_at_the_root(open_page):
    page = open_page(None, "/accounts/login/")

    answer = page.request.get("/favicon.ico")

    assert answer.status == 200
    assert answer.headers["content-type"].startswith("image/")
