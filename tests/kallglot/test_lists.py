"""The recordings of a session, page after page."""

import json

import pytest

from recordings.kallglot import errors

from .vendor import answer


def entry(number, **fields):
    return {"id": f"rec_{number}", "object": "recording", "session_id": "sess_1", **fields}


def page(*entries, **fields) -> bytes:
    return answer(200, json.dumps({"object": "list", "data": list(entries), **fields}).encode())


def ids(recordings) -> list[str]:
    return [recording.id for recording in recordings.data]


def test_seed_shape(vendor, client):
    vendor.script(
        page(
            entry(1, channel="mixed", format="mp3"),
            entry(2, channel="agent", format="wav"),
            entry(3, channel="customer", status="processing", size=None),
            session_id="sess_1",
        )
    )
    recordings = client.recordings("sess_1")
    assert recordings.session_id == "sess_1"
    assert [r.channel for r in recordings.data] == ["mixed", "agent", "customer"]
    assert isinstance(recordings.data, tuple)
    assert recordings.skipped == 0
    assert [r.target for r in vendor.requests] == ["/v1/sessions/sess_1/recordings"]


def test_empty_list(vendor, client):
    vendor.script(page(session_id="sess_1"))
    assert client.recordings("sess_1").data == ()


def test_unusable_entries_are_counted(vendor, client):
    vendor.script(
        page(
            entry(1),
            {"object": "recording"},
            {"id": 5},
            {"id": "rec_1/../x"},
            {"id": "sess_1"},
            entry(2, session_id="sess_other"),
            {"id": "rec_3"},
            "rec_4",
            None,
        )
    )
    recordings = client.recordings("sess_1")
    assert ids(recordings) == ["rec_1", "rec_3"]
    assert [r.session_id for r in recordings.data] == ["sess_1", "sess_1"]
    assert recordings.skipped == 7


def test_doubles_are_one(vendor, client):
    vendor.script(page(entry(1, status="ready"), entry(1, status="failed"), entry(2)))
    recordings = client.recordings("sess_1")
    assert ids(recordings) == ["rec_1", "rec_2"]
    assert recordings.data[0].status == "ready"


def test_ids_that_differ_by_case_are_two(vendor, client):
    vendor.script(page(entry("a"), entry("A")))
    assert ids(client.recordings("sess_1")) == ["rec_a", "rec_A"]


def test_channel_is_asked_for_and_also_filtered_here(vendor, client):
    vendor.script(page(entry(1, channel="agent"), entry(2, channel="customer"), entry(3)))
    assert ids(client.recordings("sess_1", channel="agent")) == ["rec_1"]
    assert ids(client.recordings("sess_1", channel="mixed")) == ["rec_3"]
    assert vendor.requests[0].target == "/v1/sessions/sess_1/recordings?channel=agent"


def test_unknown_channel(vendor, client):
    with pytest.raises(ValueError, match="channel"):
        client.recordings("sess_1", channel="agent&limit=5")
    assert not vendor.requests


def test_pages_with_has_more(vendor, client):
    vendor.script(
        page(entry(1, channel="agent"), entry(2), has_more=True),
        page(entry(3, channel="agent"), {"id": 5}, has_more=True),
        page(entry(4, channel="agent"), has_more=False),
    )
    recordings = client.recordings("sess_1", channel="agent")
    assert ids(recordings) == ["rec_1", "rec_3", "rec_4"]
    assert recordings.skipped == 1
    assert [r.target.partition("?")[2] for r in vendor.requests] == [
        "channel=agent",
        "channel=agent&starting_after=rec_2",
        "channel=agent&starting_after=rec_3",
    ]


def test_full_page_without_has_more_is_followed(vendor, client):
    vendor.script(page(*map(entry, range(20))), page(entry(20)))
    assert len(client.recordings("sess_1").data) == 21
    assert vendor.requests[1].target.endswith("?starting_after=rec_19")


def test_full_page_that_is_the_last(vendor, client):
    vendor.script(page(*map(entry, range(20)), has_more=False))
    assert len(client.recordings("sess_1").data) == 20
    assert len(vendor.requests) == 1


def test_server_that_ignores_the_cursor(vendor, client):
    vendor.script(page(*map(entry, range(25)), has_more=True))
    assert len(client.recordings("sess_1").data) == 25
    assert len(vendor.requests) == 2


def test_has_more_without_anything_usable(vendor, client):
    vendor.script(page({"id": 5}, has_more=True))
    assert client.recordings("sess_1").skipped == 1
    assert len(vendor.requests) == 1


def test_endless_pages(vendor, make_client):
    def step(link):
        link.send(page(entry(len(vendor.requests)), has_more=True))

    vendor.script(step)
    assert len(make_client(limits={"list_pages": 5}).recordings("sess_1").data) == 5
    assert len(vendor.requests) == 5


@pytest.mark.parametrize(
    "body", [{"object": "list"}, {"data": None}, {"data": {}}, {"data": "rec_1"}]
)
def test_list_without_data(vendor, client, fails, body):
    vendor.script(answer(200, json.dumps(body).encode()))
    with fails(errors.BadAnswer):
        client.recordings("sess_1")


def test_list_of_another_session(vendor, client, fails):
    vendor.script(page(session_id="sess_2"))
    with fails(errors.BadAnswer, reason="vendor_other_object"):
        client.recordings("sess_1")


def test_failure_on_a_later_page_is_a_failure(vendor, client, fails):
    vendor.script(page(entry(1), has_more=True), answer(503))
    with fails(errors.Unavailable, status=503):
        client.recordings("sess_1")


@pytest.mark.parametrize("status", [400, 404, 422])
def test_a_cursor_that_is_refused_keeps_the_first_page(status, vendor, client):
    """Without `has_more` a full page only may have a second one."""
    vendor.script(page(*(entry(n) for n in range(20))), answer(status, b"{}"))

    assert len(client.recordings("sess_1").data) == 20
    assert len(vendor.requests) == 2


@pytest.mark.parametrize("status", [400, 403, 404])
def test_a_page_that_was_announced_and_is_refused_is_an_error(status, vendor, client):
    vendor.script(page(*(entry(n) for n in range(20)), has_more=True), answer(status, b"{}"))

    with pytest.raises(errors.KallglotError) as caught:
        client.recordings("sess_1")
    assert caught.value.status == status
