import pytest

from recordings import tasks


@pytest.fixture(autouse=True)
def wishes(monkeypatch):
    """What the worker was asked to do."""
    asked = []
    monkeypatch.setattr(tasks, "soon", lambda task, delay_s=1.0: asked.append(task))
    return asked
