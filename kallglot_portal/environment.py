"""Reads settings from the environment; a bad value stops the start and names itself.

Every reader takes the setting's name. `.env` in the project's folder fills in what the
environment does not say. The names and defaults are documented in docs/settings.md.
"""

import re
from collections.abc import Callable
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured
from environs import EnvError, FileAwareEnv

LOOPBACK_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})

_env = FileAwareEnv()


def read_dotenv(path: Path) -> None:
    """Load `path` if it exists; the real environment wins over it."""
    if path.is_file():
        _env.read_env(str(path), recurse=False)


def _read(kind: Callable[..., Any], name: str, default: Any, expected: str) -> Any:
    """`kind(name, default)`, with every complaint turned into one sentence without the value."""
    try:
        return kind(name, default)
    except (EnvError, ValueError, OSError):
        # The value itself may be a secret in the wrong place, so it is not repeated.
        raise ImproperlyConfigured(f"{name} must be {expected}.") from None


def text(name: str, default: str = "") -> str:
    return _read(_env.str, name, default, "text").strip()


def secret(name: str) -> str:
    """A secret from `NAME`, or from the file that `NAME_FILE` points to."""
    value = _read(_env.str, name, "", f"text, and {name}_FILE a file that can be read").strip()
    if any(ord(c) < 0x21 or ord(c) > 0x7E for c in value):
        raise ImproperlyConfigured(
            f"{name} holds a blank, a line break or a character outside ASCII; "
            "check that it was copied whole and alone."
        )
    return value


def flag(name: str, default: bool) -> bool:
    return _read(_env.bool, name, default, "on or off")


def integer(name: str, default: int, *, at_least: int, at_most: int) -> int:
    expected = f"a whole number from {at_least} to {at_most}"
    value = _read(_env.int, name, default, expected)
    if not at_least <= value <= at_most:
        raise ImproperlyConfigured(f"{name} must be {expected}.")
    return value


def choice(name: str, default: str, options: tuple[str, ...]) -> str:
    value = text(name, default).lower()
    if value not in options:
        raise ImproperlyConfigured(f"{name} must be one of {', '.join(options)}.")
    return value


def names(name: str, default: tuple[str, ...] = ()) -> list[str]:
    """Comma-separated text as a list without blanks."""
    return [part.strip() for part in text(name, ",".join(default)).split(",") if part.strip()]


def networks(name: str) -> list[str]:
    """Comma-separated addresses or networks in CIDR notation (RFC 4632)."""
    found = names(name)
    for network in found:
        try:
            ip_network(network)
        except ValueError:
            raise ImproperlyConfigured(
                f"{name} must be addresses or networks such as 10.0.0.7 or 10.0.0.0/24, "
                "separated by commas."
            ) from None
    return found


def hosts(name: str) -> list[str]:
    """Comma-separated hosts, such as storage.example.com or storage.example.com:8443."""
    found = [host.lower() for host in names(name)]
    host_and_port = r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?"
    if any(not re.fullmatch(host_and_port, host) for host in found):
        raise ImproperlyConfigured(
            f"{name} must be host names without scheme or path, separated by commas."
        )
    return found


def allowed_hosts(name: str, default: tuple[str, ...]) -> list[str]:
    """Comma-separated host names as Django's ALLOWED_HOSTS knows them; no `*`, which is all."""
    found = names(name, default)
    pattern = r"\.?[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\]"
    if any(not re.fullmatch(pattern, host) for host in found):
        raise ImproperlyConfigured(
            f"{name} must be host names without scheme, port or path, separated by commas."
        )
    return found


def listening_host(name: str, default: str) -> str:
    """An address of this machine to listen on, or a host name."""
    value = text(name, default)
    numbers = re.fullmatch(r"[0-9.]+|.*:.*", value)
    try:
        if numbers:
            ip_address(value)
        elif not re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?", value):
            raise ValueError
    except ValueError:
        raise ImproperlyConfigured(
            f"{name} must be an address to listen on, such as 127.0.0.1 or 0.0.0.0."
        ) from None
    return value


def redis_url(name: str) -> str:
    """The address of a Redis database, or nothing."""
    value = text(name)
    if value and not re.fullmatch(r"(rediss?|unix)://\S+", value):
        raise ImproperlyConfigured(f"{name} must be an address such as redis://queue:6379/0.")
    return value


def api_url(name: str, default: str) -> str:
    """An https base address; plain http only to this machine."""
    value = text(name, default).rstrip("/")
    expected = f"{name} must be an address such as {default} (plain http only for this machine)."
    try:
        parts = urlsplit(value)
        parts.port  # noqa: B018  (raises ValueError for a port that is none)
    except ValueError:
        raise ImproperlyConfigured(expected) from None
    if not re.fullmatch(r"[!-~]+", value):
        raise ImproperlyConfigured(expected)
    https = parts.scheme == "https" and parts.hostname
    loopback_http = parts.scheme == "http" and parts.hostname in LOOPBACK_HOSTS
    if not (https or loopback_http) or "@" in parts.netloc or parts.query or parts.fragment:
        raise ImproperlyConfigured(expected)
    return value


def origins(name: str) -> list[str]:
    """Comma-separated origins such as https://portal.example.com."""
    found = names(name)
    if any(not re.fullmatch(r"https?://[^/\s]+", origin) for origin in found):
        raise ImproperlyConfigured(
            f"{name} must be addresses such as https://portal.example.com, separated by commas."
        )
    return found
