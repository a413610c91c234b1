"""Which requests a fault strikes, and faults in what is answered."""

import gzip
import json

import pytest
import requests

from recordings.simulator import Fault, make_call, noise
from recordings.simulator.faults import DELIVERIES, KINDS, SPOILS, parse_fault
from recordings.simulator.faulty_delivery import DELIVER
from recordings.simulator.spoil import SPOIL
from tests.simulator.raw_http import raw_get

AUDIO = "/recordings/rec_known_mixed/audio"
LIST = "/sessions/sess_known/recordings"


def test_every_kind_has_its_code():
    assert SPOIL.keys() == SPOILS.keys()
    assert DELIVER.keys() == DELIVERIES.keys()


def test_an_unknown_kind_is_refused_by_name():
    with pytest.raises(ValueError, match="no fault named nonsense"):
        Fault("nonsense")


def test_an_unknown_detail_is_refused_by_name():
    with pytest.raises(ValueError, match="stall knows no afterwards"):
        Fault("stall", afterwards=5)


def test_a_fault_strikes_its_path_only_and_so_often(ask, vendor):
    fault = vendor.faults.add("status", "/audio", times=2, status=503)
    assert ask.get(LIST).status_code == 200
    assert [ask.get(AUDIO).status_code for _ in range(3)] == [503, 503, 200]
    assert fault.hits == 2
    assert vendor.requests[1].faults == ("status",)


def test_a_fault_may_spare_the_first_requests(ask, vendor):
    vendor.faults.add("status", AUDIO, skip=1, times=1)
    assert [ask.get(AUDIO).status_code for _ in range(3)] == [200, 500, 200]


def test_a_star_makes_the_path_a_whole_pattern(ask, vendor):
    vendor.faults.add("status", "/v1/sessions/*/recordings")
    assert ask.get(LIST).status_code == 500
    assert ask.get("/sessions/sess_known").status_code == 200


def test_chance_repeats_with_its_seed(ask, vendor):
    runs = []
    for _ in range(2):
        vendor.faults.set([Fault("status", probability=0.4, seed=7)])
        runs.append([ask.get(LIST).status_code for _ in range(20)])
    assert runs[0] == runs[1]
    assert set(runs[0]) == {200, 500}


def test_faults_can_be_taken_back(ask, vendor):
    fault = vendor.faults.add("status")
    vendor.faults.remove(fault)
    vendor.faults.add("status")
    vendor.faults.clear()
    assert ask.get(LIST).status_code == 200


@pytest.mark.parametrize("status", [401, 402, 403, 404, 409, 410, 429, 500, 502, 503, 504])
def test_any_status_in_the_envelope(ask, vendor, status):
    vendor.faults.add("status", status=status)
    answer = ask.get(AUDIO)
    assert answer.status_code == status
    assert answer.json()["error"]["message"]
    assert "Retry-After" not in answer.headers


@pytest.mark.parametrize("wait", [7, "Wed, 21 Oct 2026 07:28:00 GMT"])
def test_a_wait_is_sent_as_given(ask, vendor, wait):
    vendor.faults.add("status", status=429, retry_after=wait)
    assert ask.get(AUDIO).headers["Retry-After"] == str(wait)


def test_an_error_page_has_a_script_and_the_key(ask, vendor):
    vendor.faults.add("html_error", status=502)
    answer = ask.get(AUDIO)
    assert (answer.status_code, answer.headers["Content-Type"][:9]) == (502, "text/html")
    assert "<script>" in answer.text
    assert vendor.key in answer.text


def test_an_empty_body(ask, vendor):
    vendor.faults.add("empty")
    answer = ask.get(AUDIO)
    assert (answer.status_code, answer.headers["Content-Length"], answer.content) == (200, "0", b"")


def test_right_bytes_under_a_wrong_type_or_none(ask, vendor):
    whole = ask.get(AUDIO).content
    vendor.faults.set([Fault("wrong_type")])
    answer = ask.get(AUDIO)
    assert (answer.headers["Content-Type"], answer.content) == ("text/html", whole)
    vendor.faults.set([Fault("no_type")])
    assert "Content-Type" not in ask.get(AUDIO).headers


def test_gzip_that_nobody_asked_for(ask, vendor):
    whole = ask.get(AUDIO).content
    vendor.faults.add("gzip", "/audio")
    answer = ask.get(AUDIO, headers={"Accept-Encoding": "identity"}, stream=True)
    packed = answer.raw.read(decode_content=False)
    assert answer.headers["Content-Encoding"] == "gzip"
    assert len(packed) == int(answer.headers["Content-Length"])
    assert gzip.decompress(packed) == whole


def test_a_bomb_is_small_on_the_wire(ask, vendor):
    vendor.faults.add("gzip_bomb", size=3 << 20)
    answer = ask.get(AUDIO)
    assert int(answer.headers["Content-Length"]) < 10_000
    assert answer.content == bytes(3 << 20)


def test_redirects_to_a_place_or_in_a_circle(ask, vendor):
    vendor.faults.set([Fault("redirect", location="http://127.0.0.1:9/x", status=307)])
    answer = ask.get(AUDIO)
    assert (answer.status_code, answer.headers["Location"]) == (307, "http://127.0.0.1:9/x")
    vendor.faults.set([Fault("redirect")])
    with pytest.raises(requests.TooManyRedirects):
        ask.get(AUDIO, allow_redirects=True)


def test_a_promised_range_is_not_kept(ask, vendor):
    vendor.options.range = True
    vendor.faults.add("range_ignored")
    answer = ask.get(AUDIO, headers={"Range": "bytes=5-9"})
    assert (answer.status_code, len(answer.content)) == (200, 10_000)
    assert answer.headers["Accept-Ranges"] == "bytes"
    assert "Content-Range" not in answer.headers


def test_a_part_that_nobody_asked_for(ask, vendor):
    vendor.faults.add("unasked_partial", start=10, stop=30)
    answer = ask.get(AUDIO)
    assert (answer.status_code, len(answer.content)) == (206, 20)
    assert answer.headers["Content-Range"] == "bytes 10-29/10000"


def test_other_bytes_of_the_same_number(ask, vendor):
    vendor.faults.add("wrong_bytes")
    assert ask.get(AUDIO).content == b"?" * 10_000


@pytest.mark.parametrize("kind", ["invalid_json", "cut_json", "html_metadata"])
def test_metadata_that_is_no_json(ask, vendor, kind):
    vendor.faults.add(kind)
    answer = ask.get(LIST)
    assert answer.status_code == 200
    assert ("html" in answer.headers["Content-Type"]) == (kind == "html_metadata")
    with pytest.raises(json.JSONDecodeError):
        json.loads(answer.text)


def test_odd_items_in_a_list(ask, vendor):
    def listed(kind, **details):
        vendor.faults.set([Fault(kind, **details)])
        return ask.get(LIST).json()["data"]

    assert len({item["id"] for item in listed("duplicates")}) * 2 == len(listed("duplicates")) == 6
    assert set(listed("missing_fields")[0]) == {"id", "object", "session_id", "status"}
    assert "size" not in listed("missing_fields", fields="size+format")[0]
    assert "duration" in listed("missing_fields", fields="size+format")[0]
    assert ["id" in item for item in listed("no_id")] == [False, True, True]
    assert {item["status"] for item in listed("unknown_status")} == {"archived"}


def test_a_cursor_that_comes_again(ask, vendor):
    vendor.add_call(make_call("sess_long", {"mixed": noise(10)}, parts=21))
    vendor.faults.add("repeating_cursor")
    path = "/sessions/sess_long/recordings?starting_after="
    first, second = ask.get(path).json(), ask.get(path + "rec_long_mixed_20").json()
    assert first["has_more"] is second["has_more"] is True
    assert first["data"] == second["data"]


def test_spoilt_content_and_faulty_delivery_combine(vendor):
    vendor.faults.set([Fault("wrong_type"), Fault("truncated", after=100)])
    head, body = raw_get(vendor, AUDIO)
    assert "Content-Type: text/html" in head
    assert len(body) == 100


def test_faults_from_the_command_line():
    fault = parse_fault("stall:/audio:after=500,seconds=1.5,times=2")
    assert (fault.kind, fault.path, fault.times) == ("stall", "/audio", 2)
    assert fault.details == {"after": 500, "seconds": 1.5}
    assert parse_fault("redirect::location=http://127.0.0.1:9/x").get("location")[-1] == "x"
    with pytest.raises(ValueError, match="name=value"):
        parse_fault("status:/audio:503")


def test_every_kind_is_documented():
    assert all(KINDS.values())
