"""Sides that are swapped, late or the same are noticed, in MP3 as well."""

import io
from array import array

import pytest

from recordings.audio.analysis import analyse
from recordings.audio.channel_check import ChannelCheck, check
from tests.audio.voices import DIALOGUES, SIDES, body, later, mono, samples, stereo, whole

NEAR_MS = 5


def levels(content: bytes) -> tuple[bytes, ...]:
    return analyse(io.BytesIO(content)).levels


def legs(name: str) -> dict[str, bytes]:
    return {side: levels(mono(samples(name, side)))[0] for side in SIDES}


@pytest.mark.parametrize("name", DIALOGUES)
def test_the_mixed_file_as_kallglot_makes_it_is_the_same(name):
    found = check(*levels(body(whole(name).mp3("mixed"))), **legs(name))

    assert found.verdict == "same"
    assert abs(found.agent_shift_ms) <= NEAR_MS
    assert abs(found.customer_shift_ms) <= NEAR_MS


@pytest.mark.parametrize("name", DIALOGUES)
def test_swapped_sides_are_noticed(name):
    mixed = stereo(samples(name, "customer"), samples(name, "agent"))

    assert check(*levels(mixed), **legs(name)) == ChannelCheck("swapped", 0, 0)


@pytest.mark.parametrize("shift_ms", [250, 1300])
@pytest.mark.parametrize("name", DIALOGUES)
def test_a_late_mixed_file_is_measured_to_5_ms(name, shift_ms):
    mixed = stereo(*(later(samples(name, side), shift_ms) for side in SIDES))

    found = check(*levels(mixed), **legs(name))

    assert found.verdict == "same"
    assert abs(found.agent_shift_ms - shift_ms) <= NEAR_MS
    assert abs(found.customer_shift_ms - shift_ms) <= NEAR_MS


@pytest.mark.parametrize("shift_ms", [33, 137, 400, 5000])
def test_an_early_mixed_file_is_measured_too(shift_ms):
    delayed = {s: levels(mono(later(samples("warranty", s), shift_ms)))[0] for s in SIDES}
    mixed = stereo(*(samples("warranty", side) for side in SIDES))

    found = check(*levels(mixed), **delayed)

    assert abs(found.agent_shift_ms + shift_ms) <= NEAR_MS


def test_one_side_alone_may_be_late():
    mixed = stereo(samples("warranty", "agent"), later(samples("warranty", "customer"), 250))

    found = check(*levels(mixed), **legs("warranty"))

    assert abs(found.agent_shift_ms) <= NEAR_MS
    assert abs(found.customer_shift_ms - 250) <= NEAR_MS


@pytest.mark.parametrize("name", DIALOGUES)
def test_the_same_on_both_channels_is_a_duplicate(name):
    voices = zip(*(samples(name, side) for side in SIDES), strict=True)
    both = array("h", (max(-32768, min(32767, a + c)) for a, c in voices))

    assert check(*levels(stereo(both, both)), **legs(name)).verdict == "duplicate"
    assert check(*levels(stereo(both, both))).verdict == "duplicate"


@pytest.mark.parametrize(("gain", "late_ms"), [(0.5, 0), (0.25, 0), (1, 20), (0.7, 400)])
def test_a_duplicate_may_be_softer_or_later_on_one_channel(gain, late_ms):
    voice = samples("warranty", "agent")
    copy = later(array("h", (round(x * gain) for x in voice)), late_ms)

    assert check(*levels(stereo(voice, copy))).verdict == "duplicate"
    assert check(*levels(stereo(copy, voice)), **legs("warranty")).verdict == "duplicate"


def test_sides_that_are_heard_on_each_others_line_are_no_duplicate():
    agent, customer = (samples("warranty", side) for side in SIDES)
    left = array("h", (round(a + c * 0.2) for a, c in zip(agent, customer, strict=True)))
    right = array("h", (round(c + a * 0.2) for a, c in zip(agent, customer, strict=True)))

    assert check(*levels(stereo(left, right)), **legs("warranty")).verdict == "same"


@pytest.mark.parametrize("shift_ms", [250, 1300])
def test_coding_as_mp3_hides_nothing(shift_ms):
    """The mixed file as MP3; its legs under each other's name, and late."""
    mixed = levels(body(whole("late-arrival").mp3("mixed")))
    agent, customer = (
        levels(mono(later(samples("late-arrival", side), shift_ms)))[0] for side in SIDES
    )

    found = check(*mixed, agent=customer, customer=agent)

    assert found.verdict == "swapped"
    assert abs(found.agent_shift_ms + shift_ms) <= NEAR_MS
    assert abs(found.customer_shift_ms + shift_ms) <= NEAR_MS


def test_another_volume_and_a_little_crosstalk_hide_nothing():
    agent, customer = (samples("wrong-size", side) for side in SIDES)
    left = array("h", (round(a * 0.3 + c * 0.01) for a, c in zip(agent, customer, strict=True)))
    right = array("h", (round(c * 0.5 + a * 0.01) for a, c in zip(agent, customer, strict=True)))

    assert check(*levels(stereo(left, right)), **legs("wrong-size")).verdict == "same"


@pytest.mark.parametrize(("side", "place"), [("agent", 0), ("customer", 1)])
def test_one_leg_is_enough(side, place):
    own = {side: legs("warranty")[side]}
    lanes = [samples("warranty", s) for s in SIDES]

    same = check(*levels(stereo(*lanes)), **own)
    swapped = check(*levels(stereo(*lanes[::-1])), **own)

    assert (same.verdict, swapped.verdict) == ("same", "swapped")
    assert (same.agent_shift_ms, same.customer_shift_ms)[1 - place] is None


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (samples("double-charge", "agent"), samples("double-charge", "customer")),
        (array("h", bytes(160_000)), array("h", bytes(160_000))),
        (array("h"), array("h", bytes(2))),
    ],
    ids=["another call", "silence", "nothing"],
)
def test_what_does_not_fit_is_unknown(left, right):
    assert check(*levels(stereo(left, right)), **legs("warranty")) == ChannelCheck("unknown")


@pytest.mark.parametrize("gain", [1, 0.5])
def test_legs_that_hold_the_same_sound_are_alike(gain):
    mixed = levels(stereo(*(samples("warranty", side) for side in SIDES)))
    agent = samples("warranty", "agent")
    copy = array("h", (round(x * gain) for x in agent))
    files = {"agent": levels(mono(agent))[0], "customer": levels(mono(copy))[0]}

    assert check(*mixed, **files) == check(b"", b"", **files) == ChannelCheck("alike")
    assert check(mixed[0], mixed[0], **files) == ChannelCheck("one sound")


def test_silent_legs_are_unknown():
    mixed = levels(stereo(*(samples("warranty", side) for side in SIDES)))

    assert check(*mixed, agent=bytes(3000), customer=b"").verdict == "unknown"
    assert check(*mixed).verdict == "unknown"
