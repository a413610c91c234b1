"""Ports for the servers that the tests start."""

import socket

_reserved: list[socket.socket] = []


def reserve_port() -> int:
    """A TCP port of 127.0.0.1 that stays ours until this process ends.

    The port is bound here and not listened on: connections are refused until a server listens,
    and no other program can be given it meanwhile. The server has to set SO_REUSEPORT too, as
    gunicorn does with `--reuse-port` and nginx with `listen … reuseport`.
    """
    holder = socket.socket()
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    holder.bind(("127.0.0.1", 0))
    _reserved.append(holder)
    return holder.getsockname()[1]
