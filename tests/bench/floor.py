"""The peer `floor`: gunicorn's own gthread worker sends files by sendfile, without Django."""

import os
from pathlib import Path

FOLDER = Path(os.environ["BENCH_FILES"])


def application(environ, start_response):
    file = (FOLDER / environ["PATH_INFO"].lstrip("/")).open("rb")
    size = os.fstat(file.fileno()).st_size
    start_response("200 OK", [("Content-Type", "audio/wav"), ("Content-Length", str(size))])
    return environ["wsgi.file_wrapper"](file)
