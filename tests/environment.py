"""Fixed settings for the test run; loaded by pytest before Django reads its settings."""

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings

_SCRATCH = Path(tempfile.mkdtemp(prefix="kallglot-portal-tests-"))

os.environ.update(
    {
        "SECRET_KEY": "only-for-tests-" + "0123456789abcdef" * 4,
        "KALLGLOT_API_KEY": "sk_test_simulated_0001",
        "KALLGLOT_API_URL": "http://127.0.0.1:9/v1",
        "KALLGLOT_WEBHOOK_SECRET": "kg_test_signing_secret_0001",
        "ALLOWED_HOSTS": "127.0.0.1,localhost,testserver",
        "AUDIO_DIR": str(_SCRATCH / "audio"),
        "HTTPS": "off",
    }
)
os.environ.pop("DATABASE_URL", None)
if "TEST_DATABASE_URL" in os.environ:
    os.environ["DATABASE_URL"] = os.environ["TEST_DATABASE_URL"]
else:
    os.environ["DATABASE_URL"] = f"sqlite:///{_SCRATCH / 'portal.sqlite3'}"

# The shuffle of every run, so that a run which failed can be repeated exactly. Another one:
# make test ARGS=--randomly-seed=2 (or =last, or none at all with ARGS="-p no:randomly").
SEED = 1

# For the same reason made-up examples are the same in every run; and no example fails because
# the machine was busy. Others: make test ARGS=--hypothesis-profile=default
settings.register_profile("repeatable", derandomize=True, database=None, deadline=None)
settings.load_profile("repeatable")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config):
    # Not among the options in pyproject.toml: without the plugin they would not be known.
    if config.getoption("randomly_seed", None) == "default":
        config.option.randomly_seed = SEED
