"""The file of a recording on its way: what readers find when they are let in."""

from contextlib import closing

import pytest

from recordings.audio.growth import Growth, Head
from recordings.audio.part import Part
from recordings.audio.progress import Progress, read_head
from recordings.audio.store import Store

KEY = "1-0123456789ab"
HEAD = Head(total=100, mime="audio/wav", extension="wav", settled=True)


@pytest.fixture
def growing(tmp_path):
    """A part and its growth, and the store's paths for them."""
    store, growth = Store(tmp_path), Growth()
    fd = store.claim(KEY)
    part = Part(store.entry(KEY), fd, growth)
    yield part, growth, store.entry(KEY)
    part.close()
    growth.close()
    store.give_up(KEY, fd)


@pytest.mark.parametrize("prepared", [True, False])
def test_readers_of_other_processes_are_let_in_before_those_here(growing, prepared):
    part, growth, entry = growing
    found = []

    def look():
        with closing(Progress.open(entry.progress)) as progress:
            found.append((read_head(entry.head), progress.read().available, growth.available))

    growth.when_begun(look)
    if prepared:
        part.prepare()
        assert (read_head(entry.head), found) == (None, [])
    part.begin(HEAD, b"0123456789")
    assert found == [(HEAD, 10, 10)]


def test_nothing_is_prepared_for_a_part_that_was_closed(growing):
    part, _, entry = growing
    part.close()
    part.prepare()
    assert not entry.progress.exists()
    assert not entry.wishes.exists()
