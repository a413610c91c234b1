"""What never reaches Django, or should not: answered once, short and with the portal's headers."""

import http.client

import pytest

ALWAYS = ("Cache-Control", "X-Content-Type-Options", "Content-Security-Policy", "X-Frame-Options")
GOOD_HOST = b"Host: 127.0.0.1\r\n"


def ask(house, raw):
    connection = http.client.HTTPConnection("127.0.0.1", house.port, timeout=30)
    connection.connect()
    connection.sock.sendall(raw)
    answer = http.client.HTTPResponse(connection.sock)
    answer.begin()
    answer.read()
    connection.close()
    return answer


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"GET / HTTP/9.9\r\n" + GOOD_HOST + b"\r\n", 400),
        (b"GET / HTTP/1.1\r\n" + GOOD_HOST + b"Bad Name: x\r\n\r\n", 400),
        (b"GET /?" + b"x" * 9_000 + b" HTTP/1.1\r\n" + GOOD_HOST + b"\r\n", 414),
        (b"GET / HTTP/1.1\r\n" + GOOD_HOST + b"X: " + b"y" * 20_000 + b"\r\n\r\n", 431),
        (b"GET http://evil.example/ HTTP/1.1\r\n" + GOOD_HOST + b"\r\n", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"TRACE / HTTP/1.1\r\n" + GOOD_HOST + b"\r\n", 405),
    ],
)
def test_a_request_that_is_not_plain_is_refused_with_headers(whole_house, raw, status):
    answer = ask(whole_house, raw)

    assert answer.status == status
    assert [name for name in ALWAYS if not answer.headers.get(name)] == []
