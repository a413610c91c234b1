"""From a host name to a connected socket, in bounded time and to permitted addresses only."""

import ipaddress
import queue
import socket
import threading
import time

from .errors import BadAnswer, ConnectFailed, TimedOut
from .pacing import CallClock

_ADDRESSES_TRIED = 4
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


def dial(host: str, port: int, clock: CallClock) -> socket.socket:
    """Return a connected TCP socket whose time-out is what is left of `connect_seconds`.

    Raises ConnectFailed (no such name, refused), TimedOut, and BadAnswer when the clock allows
    public addresses only and the name leads elsewhere; no packet is sent to it then. The address
    that was checked is the one that is called, so a name cannot change its mind in between.
    """
    addresses = resolve(host, port, min(clock.limits.dns_seconds, clock.seconds_left()))
    if clock.public_only and not all(is_public(address[4][0]) for address in addresses):
        raise BadAnswer("Kallglot's redirect leads to an address that is not public.")
    deadline = time.monotonic() + min(clock.limits.connect_seconds, clock.seconds_left())
    addresses = addresses[:_ADDRESSES_TRIED]
    error: ConnectFailed | TimedOut = TimedOut()
    for position, (family, kind, protocol, _, address) in enumerate(addresses):
        left = deadline - time.monotonic()
        if left <= 0:
            break
        sock = socket.socket(family, kind, protocol)
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            # A dead first address (IPv6 without a route) must not use up the time of the others.
            sock.settimeout(left / (len(addresses) - position))
            sock.connect(address)
        except TimeoutError:
            error = TimedOut()
        except OSError:
            error = ConnectFailed()
        except BaseException:
            sock.close()
            raise
        else:
            sock.settimeout(max(0.001, deadline - time.monotonic()))
            return sock
        sock.close()
    raise error


def resolve(host: str, port: int, seconds: float) -> list[tuple]:
    """Return the addresses of `host`; raise ConnectFailed when there are none in time.

    The system's resolver cannot be interrupted, so it works on a thread that may be left behind.
    """
    answer: queue.SimpleQueue[list[tuple]] = queue.SimpleQueue()

    def ask() -> None:
        try:
            answer.put(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError):
            answer.put([])

    threading.Thread(target=ask, name="kallglot-dns", daemon=True).start()
    try:
        addresses = answer.get(timeout=max(0.001, seconds))
    except queue.Empty:
        addresses = []
    if not addresses:
        raise ConnectFailed("The host name of Kallglot cannot be resolved.", reason="vendor_dns")
    return addresses


def is_public(address: str) -> bool:
    """Whether `address` is on the public internet, also when it is wrapped in an IPv6 one."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        wrapped = ip.ipv4_mapped or ip.sixtofour
        if ip in _NAT64:
            wrapped = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if wrapped is not None:
            ip = wrapped
    return ip.is_global and not ip.is_multicast
