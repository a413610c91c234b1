"""Where a call may go: the configured address, and what a redirect may lead to."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import ip_address
from typing import NamedTuple
from urllib.parse import urljoin, urlsplit

from .errors import BadAnswer, HostNotListed

_DEFAULT_PORTS = {"http": 80, "https": 443}
_HOST = re.compile(r"[a-z0-9._-]+|[0-9a-f:.]+")
# Printable ASCII without what parsers disagree about.
_ADDRESS = re.compile(r"""[!#-;=?-\[\]_a-z~%]{1,4096}""", re.ASCII | re.IGNORECASE)


class Origin(NamedTuple):
    scheme: str
    host: str
    port: int


class Hop(NamedTuple):
    """The next request of a call. Only a hop that never left the origin carries the key."""

    url: str
    at_origin: bool
    with_key: bool


def origin_of(url: str) -> Origin:
    """Return the origin of an absolute http(s) address; raise ValueError for anything odd."""
    if not _ADDRESS.fullmatch(url):
        raise ValueError("the address has characters that do not belong there")
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    if parts.scheme not in _DEFAULT_PORTS or not _HOST.fullmatch(host) or "@" in parts.netloc:
        raise ValueError("the address is not a plain http or https address")
    port = _DEFAULT_PORTS[parts.scheme] if parts.port is None else parts.port
    if not port:
        raise ValueError("the address has port 0")
    return Origin(parts.scheme, host, port)


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


@dataclass(frozen=True)
class Routes:
    """The configured addresses.

    base_url: of the API, with its version; https, or plain http on a loopback host.
    media_hosts: "host" or "host:port", reached by https only and never with the key.
    """

    base_url: str
    media_hosts: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        base_url = self.base_url.rstrip("/")
        origin = origin_of(base_url)
        if urlsplit(base_url).query or "#" in base_url or "?" in base_url:
            raise ValueError("base_url must not have a query or a fragment")
        if origin.scheme == "http" and not is_loopback(origin.host):
            raise ValueError("base_url must be https; plain http is for loopback hosts only")
        object.__setattr__(self, "base_url", base_url)
        object.__setattr__(self, "media_hosts", tuple(self.media_hosts))
        object.__setattr__(self, "_origin", origin)
        object.__setattr__(self, "_media", frozenset(_media_origins(self.media_hosts)))

    def first_hop(self, path: str) -> Hop:
        return Hop(self.base_url + path, at_origin=True, with_key=True)

    def next_hop(self, hop: Hop, locations: list[str], *, media: bool) -> Hop:
        """Return where a redirect answer leads; raise BadAnswer when we must not go there.

        HostNotListed is raised where a setting would allow it.

        media: whether the configured media hosts count (they do for audio, not for JSON).
        A call that left the origin stays without the key, even if it is led back.
        """
        origin = None
        if len(locations) == 1 and _ADDRESS.fullmatch(locations[0]):
            try:
                url = urljoin(hop.url, locations[0]).partition("#")[0]
                origin = origin_of(url)
            except ValueError:
                origin = None
        if origin == self._origin:
            return Hop(url, at_origin=True, with_key=hop.with_key)
        if media and origin in self._media:
            return Hop(url, at_origin=False, with_key=False)
        if media and origin and origin.scheme == "https" and _is_public_name(origin.host):
            error = HostNotListed()
            error.host = origin.host if origin.port == 443 else f"{origin.host}:{origin.port}"
            raise error
        raise BadAnswer(
            "Kallglot redirects to an address the portal does not follow.",
            reason="vendor_redirect",
        )


def _is_public_name(host: str) -> bool:
    """Whether `host` looks like a name of the public DNS: no address, and not of this machine."""
    labels = host.split(".")
    return len(labels) > 1 and all(labels) and labels[-1].isalpha() and len(host) <= 253


def _media_origins(hosts: Iterable[str]) -> Iterable[Origin]:
    for host in hosts:
        origin = origin_of(f"https://{host}")
        if urlsplit(f"https://{host}").path or "?" in host or "#" in host:
            raise ValueError("media_hosts are host names, optionally with a port")
        yield origin
