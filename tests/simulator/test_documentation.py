"""What can be switched, broken or listened to is in `docs/simulator.md`."""

from pathlib import Path

import pytest

from recordings.simulator import Options, demo_session_ids
from recordings.simulator.faults import KINDS

PAGE = (Path(__file__).parents[2] / "docs" / "simulator.md").read_text("utf-8")


@pytest.mark.parametrize("kind", KINDS)
def test_every_fault_is_described(kind):
    assert f"| `{kind}` | {KINDS[kind]} |" in PAGE


@pytest.mark.parametrize("name", vars(Options()))
def test_every_switch_is_described(name):
    assert f"`{name}`" in PAGE or f"`--{name.replace('_', '-')} " in PAGE


@pytest.mark.parametrize("session_id", demo_session_ids())
def test_every_demo_call_is_listed(session_id):
    assert f"| `{session_id}` |" in PAGE
