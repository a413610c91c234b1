"""A ZIP from the library's choice to a file on disk whose every byte is Kallglot's."""

import csv
import hashlib
import io
import subprocess
import sys
import zipfile

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

PARCEL = "sess_01HXYZ123456789"


@pytest.fixture
def worker(portal):
    """The worker beside the served portal."""
    command = [sys.executable, "manage.py", "run_huey", "--workers", "4", "--max-delay", "1"]
    with portal.log.open("ab") as log:
        process = subprocess.Popen(command, env=portal.environment, stdout=log, stderr=log)
    yield process
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def test_a_zip_of_chosen_channels_holds_kallglots_bytes(open_page, portal, worker):
    page = open_page("leo")
    page.get_by_role("row", name=PARCEL).get_by_role("checkbox").check()
    choice = page.locator("#bulk")
    choice.get_by_text("ZIP…").click()
    choice.get_by_label("Agent").uncheck()
    choice.get_by_role("button", name="ZIP of the chosen calls").click()

    expect(page.get_by_text("mixed, customer")).to_be_visible()
    link = page.get_by_role("link", name="Download the ZIP")
    expect(link).to_be_visible()
    with page.expect_download() as waiting:
        link.click()

    archive = zipfile.ZipFile(waiting.value.path())
    lines = list(csv.DictReader(io.StringIO(archive.read("manifest.csv").decode())))
    assert [line["channel"] for line in lines] == ["mixed", "customer"]
    for line in lines:
        content = archive.read(line["file"])
        assert hashlib.sha256(content).hexdigest() == line["sha256"]
        audio = portal.vendor.recording(line["recording"])[0].audio
        assert content == b"".join(bytes(block) for block in audio.blocks(0, audio.size))
    page.goto("/")
    page.get_by_role("link", name="Earlier exports").click()
    expect(page.get_by_role("heading", name="Exports")).to_be_visible()
