"""Damaged and unusual files are fetched once and kept, whatever our own reading makes of them."""

import pytest

from recordings.audio import fill, playable
from tests.audio.odd import odd

from .asking import eventually


def is_kept(workshop, thing) -> bool:
    return workshop.store.entry(thing.key).audio.exists()


@pytest.mark.parametrize("name", ["damaged-vbr.mp3", "two-rates.mp3", "damaged-middle.mp3"])
def test_a_damaged_file_is_fetched_once(workshop, name):
    thing = workshop.thing(odd(name))
    for _ in range(3):
        assert thing.bytes[5000:20_000] in workshop.play(thing)[0]
        assert workshop.read(thing) == thing.bytes
        assert eventually(lambda: is_kept(workshop, thing))
    assert workshop.gets(thing) == 1


@pytest.mark.parametrize(
    ("module", "function"), [(fill, "sniff"), (fill, "is_settled"), (playable, "facts")]
)
def test_a_fault_of_our_reading_costs_no_second_download(
    workshop, monkeypatch, caplog, module, function
):
    def failing(*arguments):
        raise AttributeError("a fault of ours")

    monkeypatch.setattr(module, function, failing)
    thing = workshop.thing(odd("damaged-vbr.mp3"))
    for _ in range(3):
        assert workshop.play(thing)[0].endswith(thing.bytes[-5000:])
        assert workshop.read(thing) == thing.bytes
        assert eventually(lambda: is_kept(workshop, thing))
    assert workshop.gets(thing) == 1
    assert "could not be judged" in caplog.text
