"""Kallglot's recording API, simulated on a loopback port: for the demo, the tests and by hand.

Written from the vendor's documentation alone. It shares no code with the portal's own client,
so that a misreading cannot hide in both.
"""

from recordings.simulator.calls import Call, Recording, Turn, make_call
from recordings.simulator.data import demo_calls, demo_session_ids
from recordings.simulator.faults import Fault
from recordings.simulator.options import Options
from recordings.simulator.server import DEFAULT_KEY, Simulator
from recordings.simulator.sources import Generated, Repeated, noise

__all__ = [
    "DEFAULT_KEY",
    "Call",
    "Fault",
    "Generated",
    "Options",
    "Recording",
    "Repeated",
    "Simulator",
    "Turn",
    "demo_calls",
    "demo_session_ids",
    "make_call",
    "noise",
]
