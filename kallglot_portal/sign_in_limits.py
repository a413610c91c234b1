"""When the sign-in pauses: after wrong passwords for a name, from an address, or for the pair.

Five for one name from one address are counted by django-axes itself. The limits here stop who
tries many names from one address, or one name from many addresses. They do not apply to a name
that has signed in from that address lately, so no attacker can lock a user out of the usual place.
"""

from datetime import timedelta
from ipaddress import ip_address, ip_network

from axes.attempts import get_cool_off_threshold
from axes.handlers.database import AxesDatabaseHandler
from axes.helpers import get_client_username
from axes.models import AccessAttempt, AccessLog
from django.db.models import Sum
from django.utils import timezone

from kallglot_portal.middleware import client_address

MOST_FAILURES = 20
"""Wrong passwords from one address, or for one name, within AXES_COOLOFF_TIME."""

KNOWN_FOR = timedelta(days=30)
"""How long an address counts as usual for a name after a sign-in."""

_IPV6_PREFIX = 64


def counted_address(request) -> str:
    """The address that wrong passwords count for; of IPv6 the network.

    A customer of a provider gets a network of 2^64 addresses (RFC 6177).
    """
    try:
        address = ip_address(client_address(request))
    except ValueError:
        return client_address(request)
    if address.version == 4:
        return str(address)
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    network = ip_network((address.packed, _IPV6_PREFIX), strict=False)
    return str(network.network_address)


class SignInLimits(AxesDatabaseHandler):
    """The limits of django-axes, and those per address and per name."""

    def is_locked(self, request, credentials=None) -> bool:
        return super().is_locked(request, credentials) or _is_paused(request, credentials)


def _is_paused(request, credentials) -> bool:
    address, name = request.axes_ip_address, get_client_username(request, credentials)
    lately = AccessAttempt.objects.filter(attempt_time__gt=get_cool_off_threshold(request))
    over_limit = any(
        _failures(attempts) >= MOST_FAILURES
        for attempts in (lately.filter(ip_address=address), lately.filter(username=name))
    )
    return over_limit and not _is_usual(name, address)


def _failures(attempts) -> int:
    return attempts.aggregate(sum=Sum("failures_since_start"))["sum"] or 0


def _is_usual(name: str | None, address: str) -> bool:
    """Whether `name` has signed in from `address` lately."""
    since = timezone.now() - KNOWN_FOR
    signed_in = AccessLog.objects.filter(attempt_time__gt=since)
    return signed_in.filter(username=name, ip_address=address).exists()
