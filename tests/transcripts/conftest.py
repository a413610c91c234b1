"""A call with words, as Kallglot has it."""

from datetime import UTC, datetime, timedelta

import pytest

from recordings.models import Transcript
from recordings.models import Turn as KeptTurn
from recordings.services import sync
from recordings.simulator import make_call, noise
from recordings.simulator.calls import Turn
from tests.conftest import CALL
from tests.factories import make_session

TURNS = (
    Turn("agent", "en", "Support, this is Ana.", "Kundendienst, hier ist Ana.", "de", 0.4, 2.1),
    Turn("customer", "de", "Mein Paket fehlt.", "My parcel is missing.", "en", 4.6, 6.9),
    Turn("agent", "en", "I see.", "Ich verstehe.", "de", 8.2, 9.0),
)


@pytest.fixture
def told(vendor, db):
    """Has Kallglot tell turns of the known call, opened here: `told()`, `told(turns)`."""

    def tell(turns=TURNS, *, ended_ago=timedelta(minutes=5), **facts):
        ended = datetime.now(UTC) - ended_ago
        call = make_call(CALL, {"mixed": noise(100)}, turns=turns, ended_at=ended, **facts)
        vendor.add_call(call)
        return sync.open_call(CALL)

    return tell


@pytest.fixture
def keep(db):
    """Keeps a transcript of these (original, translation, start, end): `keep([...])`."""

    def make(turns, **facts):
        session = make_session(CALL, started_at="2026-03-26T11:04:00Z", duration=61.5)
        transcript = Transcript.objects.create(
            session=session, complete=True, languages=["de", "en"], **facts
        )
        KeptTurn.objects.bulk_create(
            KeptTurn(
                transcript=transcript,
                position=number,
                speaker="customer",
                language="de",
                text=original,
                translation=translation,
                translation_language="en",
                start=start,
                end=end,
            )
            for number, (original, translation, start, end) in enumerate(turns, 1)
        )
        return session

    return make


@pytest.fixture
def kept(keep):
    return keep([("Grüß Gott.", "Hello.", 0.4, 2.1), ("Mein Paket fehlt.", "", 3725.0, 3726.5)])
