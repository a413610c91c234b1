"""Scripts that were changed on their way do not run, modules that others import included."""

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

ROOM = "/sessions/sess_01HXYZ123456789/"


@pytest.fixture
def altered(open_page):
    """The room in a browser that gets a changed copy of the scripts with this address."""

    def opening(address):
        # A page without scripts: what the browser has at hand already it does not fetch.
        page = open_page("rosa", "/healthz")
        page.route(address, _alter)
        page.goto(ROOM)
        page.wait_for_load_state("networkidle")
        return page

    return opening


def _alter(route):
    answer = route.fetch()
    body = f"{answer.text()}\nwindow.altered = true;"
    # Not to be kept: the address says that the file never changes.
    headers = {**answer.headers, "cache-control": "no-store"}
    route.fulfill(response=answer, headers=headers, body=body)


@pytest.mark.parametrize("name", ["player/main", "player/silence", "portal"])
def test_an_altered_script_does_not_run_nor_does_what_imports_it(name, altered, complaints):
    page = altered(f"**/js/{name}.*.js")

    assert page.evaluate("window.altered") is None
    # `main` imports all modules, and without it there is no dock.
    assert page.locator("#dock").is_visible() == (name == "portal")
    assert complaints
    assert all("integrity" in complaint.lower() for complaint in complaints)
    complaints.clear()


def test_a_script_without_a_checksum_does_not_run(open_page):
    page = open_page("rosa", ROOM)

    came = page.evaluate(
        """() => new Promise((resolve) => {
            const script = document.createElement("script");
            script.src = `${document.querySelector("script[src*=library]").src}?anew`;
            script.onload = script.onerror = ({ type }) => resolve(type);
            document.head.append(script);
        })"""
    )

    assert came == "error"


def test_unaltered_they_run(open_page):
    page = open_page("rosa", ROOM)

    assert page.evaluate("[typeof htmx, typeof toast]") == ["object", "function"]
    expect(page.locator("#dock")).to_be_visible()
    expect(page.locator(".lanes-strip.has-lanes").first).to_be_visible()
