"""The player gets bytes that play right; downloads and hashes stay the vendor's own."""

import io
import json
import os
from hashlib import sha256

import pytest

from recordings.audio import mp3_frames, wav_header
from tests.audio.files import data, wav
from tests.audio.odd import odd

from .asking import eventually

UNTAGGED = "vbr-44k-stereo-untagged-id3.mp3"


def facts_of(sound):
    assert eventually(lambda: sound.is_cached)
    return json.loads((sound.entry / "facts.json").read_text())


def in_pieces(portal, sound, total, size):
    """The player's bytes as explicit ranges bring them, and the totals and tags they told."""
    pieces, told = [], set()
    for start in range(0, total, size):
        answer = portal.ask(sound.audio, Range=f"bytes={start}-{min(start + size, total) - 1}")
        assert answer.status == 206
        pieces.append(answer.body)
        told.add((answer.headers["Content-Range"].partition("/")[2], answer.headers["ETag"]))
    return b"".join(pieces), told


def assert_vendor_bytes_are_kept(portal, sound):
    assert portal.ask(sound.download).body == sound.bytes
    assert facts_of(sound)["sha256"] == sha256(sound.bytes).hexdigest()


def test_an_untagged_mp3_of_varying_bitrate_gets_an_index(portal):
    sound = portal.sound(data(UNTAGGED))
    portal.vendor.options.bandwidth = len(sound.bytes) * 3
    cold = portal.ask(sound.audio)
    warm = portal.ask(sound.audio)
    assert (cold.status, warm.status) == (200, 200)
    assert cold.body == warm.body
    found = mp3_frames.scan(io.BytesIO(cold.body))
    assert found.index_tag.has_toc
    # The index frame stands where the vendor's first frame did; all frames are still there.
    assert 0 < len(cold.body) - (len(sound.bytes) - found_offset(sound)) <= 417
    assert cold.body[-5000:] == sound.bytes[-5000:]
    assert cold.headers["ETag"] == warm.headers["ETag"]
    assert cold.headers["ETag"] != portal.ask(sound.download).headers["ETag"]
    pieces, told = in_pieces(portal, sound, len(cold.body), 7_001)
    assert pieces == cold.body
    assert told == {(str(len(cold.body)), cold.headers["ETag"])}
    assert_vendor_bytes_are_kept(portal, sound)
    assert portal.vendor_gets(sound) == 1


def found_offset(sound):
    """How many bytes of the vendor's the player's form leaves out at the beginning."""
    return facts_of(sound)["player_offset"]


@pytest.mark.parametrize("name", ["vbr-8k-mono-xing.mp3", "cbr-8k-mono.mp3", "pcm16-8k.wav"])
def test_what_plays_right_is_left_as_it_is(portal, name):
    sound = portal.sound(data(name))
    for _ in ("cold", "warm"):
        answer = portal.ask(sound.audio)
        assert answer.body == sound.bytes
        assert answer.headers["ETag"] == portal.ask(sound.download).headers["ETag"]
    assert facts_of(sound)["player_prefix"] is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"data_size": 0},
        {"data_size": 0xFFFFFFFF},
        {"data_size": 90_000},
        {"data_size": 0, "riff_size": 0},
        {"riff_size": 0xFFFFFFFF, "data_size": 0xFFFFFFFF},
    ],
    ids=["zero", "unknown", "too long", "both zero", "both unknown"],
)
def test_wrong_sizes_in_a_wav_are_mended_for_the_player_only(portal, wrong):
    samples = bytes(range(256)) * 200
    sound = portal.sound(wav(samples, **wrong), format="wav")
    portal.vendor.options.bandwidth = len(sound.bytes) * 3
    cold = portal.ask(sound.audio)
    warm = portal.ask(sound.audio)
    assert cold.body == warm.body != sound.bytes
    found = wav_header.read_header(io.BytesIO(cold.body))
    assert found.declared_data_size == len(samples)
    assert cold.body[found.data_offset :] == samples
    pieces, told = in_pieces(portal, sound, len(cold.body), 9_999)
    assert pieces == cold.body
    assert len(told) == 1
    assert_vendor_bytes_are_kept(portal, sound)


@pytest.mark.parametrize("name", ["gsm610-8k.wav", "ima-adpcm-8k.wav", "g726-8k.wav"])
def test_what_no_browser_plays_is_sent_as_it_is_and_noted(portal, name):
    """The relay does not decode: the player meets the vendor's bytes, and the facts say why."""
    sound = portal.sound(data(name), format="wav")
    answer = portal.ask(sound.audio)
    assert (answer.status, answer.headers["Content-Type"]) == (200, "audio/wav")
    assert answer.body == sound.bytes
    assert facts_of(sound)["unplayable"]
    assert_vendor_bytes_are_kept(portal, sound)


def test_mp3_in_a_wav_is_given_as_mp3(portal):
    sound = portal.sound(data("mp3-in-8k.wav"), format="wav")
    for _ in ("cold", "warm"):
        answer = portal.ask(sound.audio)
        assert answer.headers["Content-Type"] == "audio/mpeg"
        assert mp3_frames.scan(io.BytesIO(answer.body)) is not None
    assert_vendor_bytes_are_kept(portal, sound)


@pytest.mark.parametrize("name", ["vbr-8k-mono-untagged.mp3", "vbr-8k-mono-xing.mp3"])
def test_a_browser_that_takes_mp4_gets_every_frame_listed(portal, name):
    sound = portal.sound(data(name))
    takes_mp4 = portal.headers()["Cookie"] + "; audio_form=mp4"
    plain = portal.ask(sound.audio)
    assert eventually(lambda: sound.is_cached)
    exact = portal.ask(sound.audio, Cookie=takes_mp4)
    assert exact.headers["Content-Type"] == "audio/mp4"
    assert exact.body[4:8] == b"ftyp"
    assert exact.body[-5000:] == sound.bytes[-5000:]
    assert exact.headers["ETag"] != plain.headers["ETag"]
    part = portal.ask(sound.audio, Cookie=takes_mp4, Range="bytes=9000-9999")
    assert part.body == exact.body[9000:10_000]
    assert part.headers["ETag"] == exact.headers["ETag"]
    assert portal.ask(sound.download, Cookie=takes_mp4).body == sound.bytes
    head = sound.entry / "exact"
    assert head.stat().st_mode & 0o777 == 0o600

    head.write_bytes(head.read_bytes()[:-1] + b"!")
    damaged = portal.ask(sound.audio, Cookie=takes_mp4)
    head.unlink()
    os.mkfifo(head)
    blocked = portal.ask(sound.audio, Cookie=takes_mp4)
    assert [damaged.headers["ETag"], blocked.headers["ETag"]] == [plain.headers["ETag"]] * 2


def late_form(portal):
    """A recording whose bitrate only varies later, begun while it arrives, then all there."""
    calm = data("cbr-8k-mono.mp3") * 4
    sound = portal.sound(calm[: 40 * 1024] + data("vbr-8k-mono-untagged.mp3"))
    portal.vendor.options.bandwidth = len(sound.bytes)
    early = portal.ask(sound.audio, Range="bytes=100-199")
    assert eventually(lambda: sound.is_cached)
    return sound, early


def test_one_playback_has_one_form(portal):
    """A playback's length must not change in mid-play."""
    sound, early = late_form(portal)
    for headers in {}, {"If_Range": early.headers["ETag"]}:
        late = portal.ask(sound.audio, Range="bytes=100-199", **headers)
        assert late.part == early.part
        assert late.headers["ETag"] == early.headers["ETag"]


def test_the_next_playback_gets_the_planned_form(portal):
    sound, early = late_form(portal)
    whole = portal.ask(sound.audio)
    assert whole.headers["ETag"] != early.headers["ETag"]
    assert mp3_frames.scan(io.BytesIO(whole.body)).index_tag.steers_browsers
    for first in ("bytes=0-", "bytes=0-99"):
        assert portal.ask(sound.audio, Range=first).headers["ETag"] == whole.headers["ETag"]
    pieces, told = in_pieces(portal, sound, len(whole.body), 9_999)
    assert pieces == whole.body
    assert told == {(str(len(whole.body)), whole.headers["ETag"])}
    other = portal.ask(sound.audio, person="reviewer", Range="bytes=100-199")
    assert other.headers["ETag"] == whole.headers["ETag"]
    # The tag of the old bytes still names them.
    old = portal.ask(sound.audio, Range="bytes=100-199", If_Range=early.headers["ETag"])
    assert old.part == early.part
    assert_vendor_bytes_are_kept(portal, sound)
    assert portal.vendor_gets(sound) == 1


@pytest.mark.parametrize(
    "name", ["joined-cbr-info.mp3", "silent-start-vbr.mp3", "picture-vbr.mp3", "cut-xing-vbr.mp3"]
)
def test_odd_files_are_in_their_right_form_from_the_first_byte_on(portal, name):
    sound = portal.sound(odd(name))
    cold, warm = portal.ask(sound.audio), portal.ask(sound.audio)
    assert cold.body == warm.body != sound.bytes
    assert cold.headers["ETag"] == warm.headers["ETag"]
    found = mp3_frames.scan(io.BytesIO(cold.body))
    assert found.index_tag is None or found.index_tag.frames == found.frames
    assert_vendor_bytes_are_kept(portal, sound)
