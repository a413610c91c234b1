"""A request over a bare socket, for answers that an HTTP library would refuse or mend."""

import socket
from urllib.parse import urlsplit


def open_request(vendor, path, timeout=20):
    """A connection on which the request has been sent."""
    address = urlsplit(vendor.url)
    connection = socket.create_connection((address.hostname, address.port), timeout)
    request = (
        f"GET /v1{path} HTTP/1.1\r\nHost: {address.netloc}\r\n"
        f"Authorization: Bearer {vendor.key}\r\nConnection: close\r\n\r\n"
    )
    connection.sendall(request.encode())
    return connection


def receive(connection, enough=None):
    """What comes, until the end or until there is enough: head and body."""
    data = b""
    while block := connection.recv(65536):
        data += block
        if enough is not None and len(data.partition(b"\r\n\r\n")[2]) >= enough:
            break
    head, _, body = data.partition(b"\r\n\r\n")
    return head.decode("latin-1"), body


def raw_get(vendor, path, enough=None):
    with open_request(vendor, path) as connection:
        return receive(connection, enough)
