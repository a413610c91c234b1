"""What every request and every answer passes: headers, the caller's address, sign-in limits."""

from collections.abc import Callable
from datetime import UTC, datetime
from ipaddress import ip_address, ip_network
from urllib.parse import urlsplit, urlunsplit
from zoneinfo import ZoneInfo

from csp.utils import build_policy
from django.conf import settings
from django.contrib.auth import logout
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.contrib.auth.views import redirect_to_login
from django.contrib.sessions.backends.base import UpdateError
from django.db import DatabaseError
from django.http import HttpResponse, HttpResponseBadRequest, HttpResponseNotAllowed
from django.shortcuts import resolve_url
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.http import url_has_allowed_host_and_scheme

from kallglot_portal.database import little_patience

_MOST_PROXIES = 16
"""Addresses of X-Forwarded-For that are looked at; a longer chain of proxies is none."""
_LAST_SEEN = "last_seen_at"
SIGNED_IN = "signed_in_at"
# Characters.
_LONGEST_WAY_BACK = 4000


def close_after(request, response, close: Callable[[], None]) -> None:
    """Have `close` called when `response` has been sent, or another answer took its place.

    Django forgets the response of a view when middleware fails after it, and closes nothing.
    """
    response._resource_closers.append(close)
    request.open_for = response, close


class SecurityHeadersMiddleware:
    """Headers that Django does not set itself, on every answer, errors and static files included.

    Sits outermost, so that answers made by other middleware carry them too. A view that sets
    one of them itself (audio: `private, no-store`) keeps its own value.
    """

    HEADERS = {
        # Django's own three stop short of answers that other middleware makes.
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
        "X-Frame-Options": "DENY",
        "Cross-Origin-Embedder-Policy": "require-corp",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": (
            "accelerometer=(), autoplay=(self), camera=(), display-capture=(), "
            "encrypted-media=(), fullscreen=(self), geolocation=(), gyroscope=(), "
            "magnetometer=(), microphone=(), midi=(), payment=(), usb=()"
        ),
        "X-Permitted-Cross-Domain-Policies": "none",
        # No script without a checksum, not even one that a module imports.
        "Integrity-Policy": "blocked-destinations=(script)",
        # A page shows private conversations; nothing of it stays on a shared machine.
        "Cache-Control": "no-store",
    }

    def __init__(self, get_response):
        self.get_response = get_response
        # One policy for all answers: composing it for each costs more than all other headers.
        policy = {"Content-Security-Policy": build_policy()}
        # Checked and encoded once, which Django would do for every response.
        self.headers = HttpResponse(headers=policy | self.HEADERS).headers._store
        del self.headers["content-type"]

    def __call__(self, request):
        response = self.get_response(request)
        meant_for, close = getattr(request, "open_for", (response, None))
        if response is not meant_for:
            close()
        for name, header in self.headers.items():
            response.headers._store.setdefault(name, header)
        if settings.DEBUG and response.status_code in (404, 500):
            # Django's own pages for developers have their styles within.
            del response.headers["Content-Security-Policy"]
        match = request.resolver_match
        if match and match.app_name == "admin" and response.status_code < 400:
            # Django's own pages give their scripts no checksums.
            del response.headers["Integrity-Policy"]
        return response


class RequestTargetMiddleware:
    """Refuses requests whose target is not plain, before anybody is asked to sign in.

    RFC 9112 section 3.2: HTTP/1.1 needs a Host, and a target with a host of its own must not name
    another one.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        # Only a real server tells the target as it came.
        target, host = request.META.get("RAW_URI"), request.META.get("HTTP_HOST")
        if target is not None:
            nameless = request.META.get("SERVER_PROTOCOL") == "HTTP/1.1" and not host
            elsewhere = not target.startswith("/") and urlsplit(target).netloc not in ("", host)
            if nameless or elsewhere:
                return HttpResponseBadRequest("The request does not say plainly whom it is for.\n")
        return self.get_response(request)


def client_address(request) -> str:
    """The address the request came from, as `ClientAddressMiddleware` worked it out."""
    return request.META.get("REMOTE_ADDR", "")


class ClientAddressMiddleware:
    """Puts the visitor's own address into REMOTE_ADDR when a trusted proxy stands in between.

    X-Forwarded-For is read from its right end, where our own proxies write; the first address
    that is not one of TRUSTED_PROXIES is the visitor. Whatever stands further left is the
    visitor's own claim and is ignored.
    """

    def __init__(self, get_response):
        self.get_response = get_response
        self.proxies = [ip_network(network) for network in settings.TRUSTED_PROXIES]

    def __call__(self, request):
        forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "")
        if forwarded and self._trusted(client_address(request)):
            for candidate in reversed(forwarded.rsplit(",", _MOST_PROXIES)[-_MOST_PROXIES:]):
                address = candidate.strip()
                try:
                    ip_address(address)
                except ValueError:
                    break
                request.META["REMOTE_ADDR"] = address
                if not self._trusted(address):
                    break
        return self.get_response(request)

    def _trusted(self, address: str) -> bool:
        try:
            parsed = ip_address(address)
        except ValueError:
            # A Unix socket has no address; only a proxy on this machine can reach it.
            return bool(self.proxies) and not address
        return any(parsed in network for network in self.proxies)


class SessionLimitsMiddleware:
    """Signs a person out after `SESSION_IDLE` without a request and after `SESSION_LIFETIME`.

    The time of the last request is written once a minute, not with every range of audio.
    """

    WRITE_EVERY_S = 60

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        if settings.SESSION_COOKIE_NAME in request.COOKIES and request.user.is_authenticated:
            now = datetime.now(UTC).timestamp()
            session = request.session
            signed_in = session.setdefault(SIGNED_IN, now)
            last_seen = session.get(_LAST_SEEN, now)
            if (
                now - last_seen > settings.SESSION_IDLE.total_seconds()
                or now - signed_in > settings.SESSION_LIFETIME.total_seconds()
            ):
                logout(request)
            elif _LAST_SEEN not in session or now - last_seen >= self.WRITE_EVERY_S:
                session[_LAST_SEEN] = now
                self._save(session)
        return self.get_response(request)

    def _save(self, session) -> None:
        """Keep the time now; if somebody holds the database up, a later request will."""
        try:
            with little_patience():
                session.save()
        except (DatabaseError, UpdateError):
            pass
        session.modified = False


class SignInRequiredMiddleware(LoginRequiredMiddleware):
    """Every address asks for a sign-in unless its view says `login_not_required`.

    Pages lead to the sign-in form. What a script or an `<audio>` element asks for gets a bare
    401 instead: it could not do anything with a form.
    """

    def handle_no_permission(self, request, view_func):
        if request.method == "TRACE":
            # It would echo cookies (RFC 9110 section 9.3.8): no view has it, signed in or not.
            return HttpResponseNotAllowed(["GET", "HEAD", "POST"])
        if not request.htmx and not getattr(view_func, "answers_without_pages", False):
            return redirect_to_login(self._way_back(request))
        if action := getattr(view_func, "refused_as", None):
            from recordings.views import refusals

            refusals.record_anonymous(request, action)
        response = HttpResponse(
            "Please sign in.", status=401, content_type="text/plain; charset=utf-8"
        )
        if request.htmx:
            response["HX-Redirect"] = redirect_to_login(self._way_back(request)).url
        return response

    def _way_back(self, request) -> str:
        """The page to come back to: never a fragment, nor an address that only takes posts."""
        home = settings.LOGIN_REDIRECT_URL
        if request.htmx:
            page = request.htmx.current_url or ""
        elif request.method in ("GET", "HEAD"):
            # Django refuses to redirect to an address that is much longer.
            page = request.get_full_path()
            return page if len(page) <= _LONGEST_WAY_BACK else resolve_url(home)
        else:
            page = request.headers.get("Referer", "")
        if url_has_allowed_host_and_scheme(page, {request.get_host()}):
            parts = urlsplit(page)
            if parts.path.startswith("/"):
                return urlunsplit(("", "", parts.path, parts.query, ""))
        return resolve_url(home)


class HtmxVaryMiddleware:
    """Pages answer htmx with a fragment, so every cache on the way must tell the two apart."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        response = self.get_response(request)
        if response.get("Content-Type", "").startswith("text/html"):
            patch_vary_headers(response, ["HX-Request"])
        return response


class WrongMethodPageMiddleware:
    """Gives a person who reloads an address that only takes posts a page instead of a blank."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        response = self.get_response(request)
        if response.status_code != 405 or request.method != "GET" or response.content:
            return response
        from recordings.views.errors import method_not_allowed

        page = method_not_allowed(request)
        page["Allow"] = response["Allow"]
        return page


class ViewerTimeZoneMiddleware:
    """Shows times in the zone of the visitor's browser (cookie `tz`), else in TIME_ZONE."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        zone = request.COOKIES.get("tz", "")
        if zone in settings.KNOWN_TIME_ZONES:
            timezone.activate(ZoneInfo(zone))
        try:
            return self.get_response(request)
        finally:
            timezone.deactivate()
