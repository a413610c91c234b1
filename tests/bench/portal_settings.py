"""The portal's own settings, with its files in the bench's scratch folder."""

import os
from pathlib import Path

from kallglot_portal.settings import *  # noqa: F403

STATIC_ROOT = Path(os.environ["BENCH_STATIC_ROOT"])
HUEY = HUEY | {"filename": str(STATIC_ROOT.parent / "worker.sqlite3")}  # noqa: F405
