"""Ask for a recording of N bytes, and say what the answer must be, for the range tests."""

from recordings.audio.http_range import evaluate

N = 10_000
ETAG = '"3f2a"'
OTHER = '"77aa"'


def ask(method="GET", /, *, length=N, cap=None, **headers):
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return evaluate(method, named, etag=ETAG, length=length, open_ended_cap=cap)


def assert_whole(decision, length=N):
    assert (decision.status, decision.start, decision.stop) == (200, 0, length)
    assert decision.headers == {
        "ETag": ETAG,
        "Accept-Ranges": "bytes",
        "Content-Length": str(length),
    }


def assert_part(decision, first, last, length=N):
    assert (decision.status, decision.start, decision.stop) == (206, first, last + 1)
    assert decision.headers == {
        "ETag": ETAG,
        "Accept-Ranges": "bytes",
        "Content-Range": f"bytes {first}-{last}/{length}",
        "Content-Length": str(last - first + 1),
    }


def assert_unsatisfiable(decision, length=N):
    assert decision.status == 416
    assert decision.headers == {"Accept-Ranges": "bytes", "Content-Range": f"bytes */{length}"}
    assert not decision.send_body
