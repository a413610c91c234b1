"""From settings to a ready client of Kallglot."""

from functools import lru_cache

from django.conf import settings

from recordings.kallglot import Client, errors
from recordings.models import VendorState

from .gate import DatabaseGate


class NotConnected(errors.KallglotError):
    """No API key is set, so there is nobody to ask."""

    sentence = "The portal is not connected to Kallglot yet."
    reason = "not_connected"


def client(*, background: bool = False) -> Client:
    """This process's client for the configured account.

    background: for work that no user waits for; it yields to users' calls.
    Raises `NotConnected` when no API key is set.
    """
    if not settings.KALLGLOT_API_KEY:
        raise NotConnected
    return _client(
        settings.KALLGLOT_API_KEY,
        settings.KALLGLOT_API_URL,
        tuple(settings.KALLGLOT_MEDIA_HOSTS),
        background,
    )


def remember_limit() -> None:
    """Keep what Kallglot told of its limit, for pages that say how long an import takes."""
    limit = _gate(settings.KALLGLOT_API_KEY, settings.KALLGLOT_API_URL, True).limit
    if limit and VendorState.load().rate_limit != limit:
        VendorState.objects.update_or_create(
            pk=VendorState.SINGLETON, defaults={"rate_limit": limit}
        )


@lru_cache(maxsize=4)
def _gate(api_key: str, api_url: str, background: bool) -> DatabaseGate:
    return DatabaseGate(background=background)


@lru_cache(maxsize=4)
def _client(api_key: str, api_url: str, media_hosts: tuple[str, ...], background: bool) -> Client:
    gate = _gate(api_key, api_url, background)
    return Client(api_key=api_key, base_url=api_url, media_hosts=media_hosts, gate=gate)
