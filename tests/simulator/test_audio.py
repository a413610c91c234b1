"""The audio endpoint, and each of its undocumented behaviours that can be switched."""

import time
from datetime import timedelta
from pathlib import Path

import pytest
import requests

from recordings.simulator import Generated, Simulator, make_call, noise

CERTIFICATE = Path(__file__).parents[1] / "kallglot" / "data" / "server.pem"
AUDIO = "/recordings/rec_known_mixed/audio"
ON_EVERY_ANSWER = {
    *("X-Request-ID", "X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"),
    *("X-API-Credits-Remaining", "X-API-Credits-Used"),
}


def known_bytes(size=10_000, format="mp3"):
    source = noise(size, format)
    return b"".join(source.blocks(0, source.size))


def test_audio_is_200_with_exactly_the_documented_headers(ask):
    answer = ask.get(AUDIO, headers={"Range": "bytes=0-99"})
    assert answer.status_code == 200
    assert set(answer.headers) - ON_EVERY_ANSWER == {
        "Content-Type",
        "Content-Length",
        "Content-Disposition",
    }
    assert answer.headers["Content-Type"] == "audio/mpeg"
    assert answer.headers["Content-Length"] == "10000"
    assert answer.headers["Content-Disposition"] == (
        'attachment; filename="recording-sess_known.mp3"'
    )
    assert answer.content == known_bytes()


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [
        ("bytes=0-0", 0, 0),
        ("bytes=100-199", 100, 199),
        ("bytes=9990-", 9990, 9999),
        ("bytes=-1", 9999, 9999),
        ("bytes=-20000", 0, 9999),
        ("bytes=9000-99999", 9000, 9999),
    ],
)
def test_ranges_when_switched_on(ask, vendor, asked, first, last):
    vendor.options.range = True
    answer = ask.get(AUDIO, headers={"Range": asked})
    assert answer.status_code == 206
    assert answer.headers["Content-Range"] == f"bytes {first}-{last}/10000"
    assert answer.content == known_bytes()[first : last + 1]


@pytest.mark.parametrize("asked", ["bytes=0-0,-1", "bytes=5-2", "items=0-1", "bytes=-", "x"])
def test_ranges_that_mean_nothing_are_ignored(ask, vendor, asked):
    vendor.options.range = True
    answer = ask.get(AUDIO, headers={"Range": asked})
    assert (answer.status_code, answer.headers["Accept-Ranges"]) == (200, "bytes")


@pytest.mark.parametrize("asked", ["bytes=10000-", "bytes=-0"])
def test_a_range_outside_is_416(ask, vendor, asked):
    vendor.options.range = True
    answer = ask.get(AUDIO, headers={"Range": asked})
    assert answer.status_code == 416
    assert answer.headers["Content-Range"] == "bytes */10000"


def test_a_leg_is_wav_under_an_mp3_name(ask):
    answer = ask.get("/recordings/rec_known_agent/audio")
    assert answer.headers["Content-Type"] == "audio/wav"
    assert answer.headers["Content-Disposition"].endswith('known.mp3"')
    assert answer.content[:4] == b"RIFF"


def test_legs_may_really_be_mp3(ask_demo, demo):
    demo.options.legs = "mp3"
    answer = ask_demo.get("/recordings/rec_01HABC987654322/audio")
    item = ask_demo.get("/recordings/rec_01HABC987654322").json()
    assert answer.headers["Content-Type"] == "audio/mpeg"
    assert answer.content[:2] == b"\xff\xe3"
    assert (item["format"], item["size"]) == ("wav", len(answer.content))


def test_a_file_may_be_empty(ask):
    answer = ask.get("/recordings/rec_known_customer/audio")
    assert (answer.status_code, answer.content) == (200, b"")


def test_a_recording_gets_ready_after_it_was_asked_for(ask, vendor):
    call = make_call("sess_new", {"mixed": b"sound"}, ready_after=20)
    vendor.add_call(call)
    item = ask.get("/sessions/sess_new/recordings").json()["data"][0]
    assert item["status"] == "processing"
    assert item["size"] is item["duration"] is item["expires_at"] is None
    assert ask.get("/recordings/rec_new_mixed/audio").status_code == 404
    vendor.advance(21)
    item = ask.get("/sessions/sess_new/recordings").json()["data"][0]
    assert (item["status"], item["size"]) == ("ready", 5)
    assert ask.get("/recordings/rec_new_mixed/audio").content == b"sound"


@pytest.mark.parametrize("status", [404, 202, 409, 425])
def test_processing_audio_answers_as_switched(ask, vendor, status):
    vendor.add_call(make_call("sess_new", {"mixed": b"sound"}, status="processing"))
    vendor.options.processing_status = status
    vendor.options.processing_fields = "absent"
    assert ask.get("/recordings/rec_new_mixed/audio").status_code == status
    assert "download_url" not in ask.get("/recordings/rec_new_mixed").json()


@pytest.mark.parametrize("status", [404, 409, 422])
def test_failed_audio_answers_as_switched(ask, vendor, status):
    vendor.add_call(make_call("sess_bad", {"mixed": b""}, status="failed"))
    vendor.options.failed_status = status
    assert ask.get("/recordings/rec_bad_mixed/audio").status_code == status


@pytest.mark.parametrize("status", [410, 404])
def test_a_recording_expires_by_the_vendor_s_clock(ask, vendor, status):
    vendor.options.expired_status = status
    vendor.add_call(make_call("sess_old", {"mixed": b"sound"}, expires_in=timedelta(hours=2)))
    assert ask.get("/recordings/rec_old_mixed/audio").status_code == 200
    vendor.advance(7201)
    assert ask.get("/recordings/rec_old_mixed/audio").status_code == status
    assert ask.get("/recordings/rec_old_mixed").status_code == 200
    vendor.options.list_expired = False
    assert ask.get("/recordings/rec_old_mixed").status_code == status
    assert ask.get("/sessions/sess_old/recordings").json()["data"] == []


def test_the_size_in_metadata_may_be_wrong(ask, vendor):
    vendor.options.size_mismatch = True
    assert ask.get("/recordings/rec_known_mixed").json()["size"] != 10_000
    assert ask.get(AUDIO).headers["Content-Length"] == "10000"


@pytest.mark.parametrize("kind", ["strong", "weak"])
def test_validators_when_switched_on(ask, vendor, kind):
    vendor.options.validators = kind
    tag = ask.get(AUDIO).headers["ETag"]
    assert tag.startswith('W/"' if kind == "weak" else '"')
    assert ask.get(AUDIO, headers={"If-None-Match": tag}).status_code == 304


def test_audio_may_redirect_to_a_signed_address(ask, vendor):
    vendor.options.redirect_audio = True
    answer = ask.get(AUDIO)
    assert answer.status_code == 302
    location = answer.headers["Location"]
    assert requests.get(location, timeout=20).content == known_bytes()
    forged = location.replace("signature=", "signature=0")
    assert requests.get(forged, timeout=20).status_code == 403


def test_older_audio_is_a_download_that_redirects(ask, vendor):
    vendor.options.generation = "older"
    assert ask.get(AUDIO).status_code == 404
    answer = ask.get("/recordings/rec_known_mixed/download")
    assert answer.status_code == 302
    assert ask.get("/recordings/rec_known_mixed").json()["download_url"].startswith("http://")


def test_storage_may_be_another_origin(ask, vendor):
    with Simulator(calls=vendor.calls) as storage:
        vendor.options.redirect_audio = True
        vendor.options.media_origin = storage.origin
        location = ask.get(AUDIO).headers["Location"]
        assert location.startswith(storage.origin)
        assert requests.get(location, timeout=20).content == known_bytes()
        assert storage.requests.count("/storage") == 1


@pytest.mark.parametrize("size", [1, 10_000, (8 << 20) + 12_345])
def test_noise_has_the_size_asked_for(ask, vendor, size):
    vendor.add_call(make_call("sess_size", {"mixed": noise(size)}))
    body = ask.get("/recordings/rec_size_mixed/audio").content
    assert len(body) == size
    assert body == known_bytes(size)


def test_audio_may_come_from_a_file_or_a_function(ask, vendor, tmp_path):
    path = tmp_path / "three.mp3"
    path.write_bytes(known_bytes(3_000_000))
    tens = Generated(95, lambda start, stop: iter([(b"0123456789" * 10)[start:stop]]))
    vendor.add_call(make_call("sess_from", {"mixed": path, "agent": tens}))
    vendor.options.range = True
    assert ask.get("/recordings/rec_from_mixed/audio").content == known_bytes(3_000_000)
    part = ask.get("/recordings/rec_from_agent/audio", headers={"Range": "bytes=12-14"})
    assert part.content == b"234"


def test_bandwidth_holds_for_each_connection(ask, vendor):
    vendor.options.bandwidth = 50_000
    begun = time.monotonic()
    assert len(ask.get(AUDIO).content) == 10_000
    assert time.monotonic() - begun >= 0.15


def test_latency_comes_before_the_head(ask, vendor):
    vendor.options.latency_ms = 120
    assert ask.get("/sessions/sess_known").elapsed >= timedelta(milliseconds=120)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("missing", None),
        ("rfc5987", "attachment; filename*=UTF-8''r%C3%A9cording-sess_known.mp3"),
        ("path", 'attachment; filename="../../etc/sess_known.html"'),
    ],
)
def test_other_file_names(ask, vendor, kind, value):
    vendor.options.disposition = kind
    assert ask.get(AUDIO).headers.get("Content-Disposition") == value


@pytest.mark.parametrize("announced", [True, False])
def test_a_file_made_anew_under_the_same_id(ask, vendor, announced):
    vendor.options.validators = "strong"
    before = ask.get(AUDIO)
    told = ask.get("/recordings/rec_known_mixed").json()

    answer = ask.control(
        "POST", "remake", {"recording_id": "rec_known_mixed", "announced": announced}
    )

    assert answer.status_code == 200
    after = ask.get(AUDIO)
    assert len(after.content) == len(before.content)
    assert after.content != before.content
    assert after.headers["ETag"] != before.headers["ETag"]
    assert (ask.get("/recordings/rec_known_mixed").json() == told) is not announced
    vendor.remake("rec_known_mixed", b"short")
    assert ask.get(AUDIO).content == b"short"


def test_audio_redirected_to_a_tls_host():
    with Simulator(
        calls=[make_call("sess_a", {"mixed": noise(10_000)})], media_certificate=str(CERTIFICATE)
    ) as vendor:
        vendor.options.redirect_audio = True
        moved = requests.get(
            f"{vendor.url}/recordings/rec_a_mixed/audio",
            headers=vendor.auth,
            allow_redirects=False,
            timeout=20,
        )
        location = moved.headers["Location"]
        assert location.startswith(f"{vendor.media_origin}/storage/recordings/")
        assert vendor.media_origin.startswith("https://")
        # The certificate is one for "media.test", so the name is not checked here.
        with pytest.warns(match="Unverified"):
            answer = requests.get(location, verify=False, timeout=20)
        assert answer.content == known_bytes()
        assert vendor.requests.count("/storage/") == 1
