"""What a call's page says of the channels of its mixed file."""

import pytest
from django.utils import timezone

from recordings.models import CallFigures
from tests.conftest import CALL
from tests.factories import make_recording, make_session

SAME = "Left is the agent, right is the customer."


@pytest.fixture
def told(clients, db):
    """The page's sentence for what was found: `told("same", agent_shift_ms=250)`."""

    def ask(verdict, **shifts):
        session = make_session(CALL)
        make_recording(session)
        CallFigures.objects.create(
            session=session,
            measured_at=timezone.now(),
            figures={"duration_s": 61.0, "silence_s": 1.0},
            channel_check={"verdict": verdict, **shifts},
        )
        page = clients["reviewer"].get(f"/sessions/{CALL}/").text
        return page.split("<b>Channel check</b>")[1].split("</p>")[0].strip()

    return ask


@pytest.mark.parametrize(
    ("verdict", "words"),
    [
        ("same", SAME),
        ("swapped", "Swapped: left is the customer, right is the agent."),
        ("duplicate", "Both channels of the mixed file hold the same sound."),
        ("alike", "The agent&#x27;s and the customer&#x27;s own files hold the same sound."),
        ("one sound", "All files of this call hold the same sound, on every channel."),
        (
            "unknown",
            "It cannot be told which channel is whose: they fit neither side&#x27;s own file, "
            "or too little is said.",
        ),
    ],
)
def test_each_verdict_has_its_sentence(verdict, words, told):
    assert told(verdict, agent_shift_ms=None, customer_shift_ms=None) == words


@pytest.mark.parametrize(
    ("agent", "customer", "words"),
    [
        (39, -39, ""),
        (0, None, ""),
        (250, 0, " In the mixed file the agent comes 250 ms later."),
        (
            40,
            -400,
            " In the mixed file the agent comes 40 ms later and the customer comes 400 ms earlier.",
        ),
    ],
)
def test_a_shift_that_one_may_hear_is_told(agent, customer, words, told):
    assert told("same", agent_shift_ms=agent, customer_shift_ms=customer) == SAME + words
