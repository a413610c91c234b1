"""The rows of the library: whatever the vendor tells is text, and every row is written alike."""

import html
import re
from datetime import timedelta

import pytest
from django.utils import timezone

from recordings.models import ListeningPosition
from tests.factories import make_recording, make_session
from tests.test_library import cell
from tests.test_library_filters import poll_of

HOSTILE = (
    *("{0}{id}{}%s%(x)s", "{{ x }}{% y %}", "</script><script>x()</script>", '" onmouseover="x'),
    *("' x='", "<!--", "&lt;b&gt;", "\u202e\u2066back", "\x07\x1b[31m"),
)
ROW = re.compile(r'<tr id="call-.*?</tr>', re.DOTALL)


@pytest.mark.parametrize("told", HOSTILE)
def test_what_the_vendor_tells_is_text_in_a_row(told, clients, db):
    session = make_session(
        "sess_hostile", source_language=told, target_language=told, metadata={"from": told}
    )
    make_recording(session, channel=told, status="processing")

    row = ROW.search(clients["lead"].get("/", {"channel": told}).text)[0]

    assert f'title="{html.escape(told)}: Processing"' in row
    assert row.count(f'<span class="lang">{html.escape(told)}</span>') == 2
    assert f'class="clip">{html.escape(told)}</td>' in row
    assert not {"script", "b"} & set(re.findall(r"<([a-z0-9]+)", row))


@pytest.mark.parametrize(
    ("metadata", "shown"),
    [
        ({"from": {"a": ["<b>", None]}}, '{"a": ["<b>", null]}'),
        ({"from": 4711}, "4711"),
        ({"from": 0}, "+49 30 1"),
        ({"from": False}, "+49 30 1"),
        ({"direction": "outbound", "from": "me", "to": "</td>"}, "</td>"),
        (["from"], "+49 30 1"),
    ],
)
def test_a_customer_is_whatever_metadata_says(metadata, shown, clients, db):
    make_session("sess_odd", metadata=metadata, phone_number="+49 30 1")

    assert cell(clients["lead"].get("/"), "Customer") == shown


@pytest.mark.parametrize("heard", [None, 0.0, 0.004, 1.0])
def test_a_row_that_comes_anew_is_the_row_of_the_page(heard, clients, people, db):
    session = make_session("sess_soon", source_language="de", metadata={"from": "{x}"})
    make_recording(session, status="processing")
    make_recording(session, channel="agent", gone_since=timezone.now())
    make_recording(session, channel="customer", expires_at=timezone.now() - timedelta(days=1))
    if heard is not None:
        lead = people["lead"]
        ListeningPosition.objects.create(user=lead, session=session, heard_s=1, heard_share=heard)
    page = clients["lead"].get("/?lang=de&sort=length")

    answer = clients["lead"].get(poll_of(page).replace("look=1&seen=", "look=0&seen=other"))

    assert ROW.search(answer.text)[0] == ROW.search(page.text)[0]
