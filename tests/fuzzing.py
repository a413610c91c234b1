"""Random requests over every address, for every kind of user; the same for the same seed."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from django.urls import URLResolver, get_resolver
from django.urls.resolvers import RoutePattern

from tests.raw_requests import FORM

USERS = ("anonymous", "deactivated", "stranger", "reviewer", "lead", "administrator")
TOKEN = "x" * 32
# Each may be repeated, to be more frequent.
_METHODS = (
    *("GET", "POST") * 8,
    *("HEAD", "HEAD"),
    *("PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "get", "BREW"),
)
_WORDS = """
    q channel status format lang from to min max mode expires view sort page look seen since
    columns list t note notes text next ids file session kind query transcripts start end
    private key version resolved second heard person username password talk_min talk_max
    csrfmiddlewaretoken action _selected_action select_across index post _save _popup _to_field
    name members groups user_permissions permissions is_active is_superuser password1 password2
    usable_password email team o e p all _changelist_filters app_label model_name field_name
    term object_id team__id__exact is_staff__exact id__in pk__in date_joined__gte
"""
_NAMES = (*_WORDS.split(), "\0", "é")
_EVIL = (
    *("", "0", "-1", "1", "2", "77", "1e400", "NaN", "inf", "9" * 30, "9" * 5000, "٣", "1_0"),
    *("\0", "a\0b", "\r\nX: y", "\x1b[2J", "\u2028", "😀", "\ufeff", "\ud7ff", "a" * 9000),
    *("%", "_", "%00", "%ff", "'", '"', "' OR 1=1 --", "<script>", "{{7*7}}", "${7}", "..", "/"),
    *("//evil.example", "http://[", "http://testserver/", "javascript:1", "/accounts/login/"),
    *("2026-01-01", "2026-13-01", "0001-01-01", "9999-12-31", "2026-01-01T00:00:00+99:99"),
    *("2026-01-01T00:00:00Z", "0000-00-00", "on", "true", "null", "None", "[]", "{}", "both"),
    *("csv", "zip", "mixed", "agent", "-started", "length", "unheard", "rosa", "delete_selected"),
    *("83.5", "1:23.5", "0-3", "0-3,5-9", "5-2", "1" * 400, "sess_known", "rec_known_mixed"),
    *("sess_x\0", "sess_" + "x" * 64, "sess_a sess_b sess_c sess_d sess_e sess_f"),
    *("-", "+", "?a=b&c", "a=1&b=2&a=%00", "id", "team", "\u0130", "ß" * 200, " ", "\t"),
)
_PATH_EVIL = (
    *("x", "0", "1", "77", "9" * 25, "%00", "\0", "..", "é", "\ud7ff", "sess_known", "rec_known"),
    *("auth", "user", "recordings", "session", "team", "a" * 300, "_2F", "_", "\r\n", "%"),
)
_HEADERS = {
    "HX-Request": ("true", "false", ""),
    "HX-Target": ("calls", "listening", "measurements", "\xff", "x" * 3000),
    "HX-Current-URL": ("http://testserver/?q=1", "http://[", "%00", "//evil", "\xff"),
    "HX-Current-URL-URI-AutoEncoded": ("true",),
    "HX-Boosted": ("true",),
    "HX-History-Restore-Request": ("true",),
    "HX-Prompt": ("\xff", "%00"),
    "HX-Trigger": ("{", "\xe4"),
    "Triggering-Event": ("{", "%7B%7D", "null", "\xff"),
    "Triggering-Event-URI-AutoEncoded": ("true",),
    "Range": ("bytes=0-", "bytes=5-2", "bytes=" + "0-," * 200, "bytes=-" + "9" * 30, "\xff"),
    "If-Range": ('"x"', "Mon, 01 Jan 2026", 'W/"x"', "\xff"),
    "If-None-Match": ("*", '"x"', "x", '"' * 99, "\xff"),
    "If-Match": ("*", '"x"', "x", "\xff"),
    "If-Modified-Since": ("x", "Mon, 99 Foo 9999 99:99:99 GMT", "Thu, 01 Jan 1970 00:00:00 GMT"),
    "If-Unmodified-Since": ("x", "Thu, 01 Jan 1970 00:00:00 GMT"),
    "Accept": ("*/*", "text/html;q=x", ";;;", "\xff"),
    "Accept-Encoding": ("gzip", "gzip;q=0", "gzip;q=x", ";", "\xff"),
    "Accept-Language": ("de", "xx" * 500, "\xff", ";q="),
    "Content-Encoding": ("gzip", "x"),
    "Host": ("testserver", "evil.example", "a b", "", "[::1", "testserver:99999", "\xff"),
    "Origin": ("null", "https://evil.example", "http://testserver", "http://[", "\xff"),
    "Referer": ("http://testserver/", "http://[", "//", "\xff", "http://testserver/\x7f"),
    "X-Forwarded-For": ("1.2.3.4", "x", ",,,", "::1%eth0", "\xff"),
    "X-Forwarded-Proto": ("https", "x"),
    "X-Forwarded-Host": ("evil.example",),
    "X-HTTP-Method-Override": ("DELETE",),
    "X-Requested-With": ("XMLHttpRequest",),
    "User-Agent": ("\xff", "x" * 5000, "a\x7fb"),
    "Authorization": ("Basic x", "Bearer \xff"),
    "Kallglot-Signature": ("t=1,v1=00", "t=,v1=", "\xff", "t=" + "9" * 40, ",=,="),
    "Expect": ("100-continue",),
}
_COOKIES = (
    *("tz=Europe/Berlin", "tz=../../etc/passwd", "tz=\xff", "columns=talk,pace", "columns=%00"),
    *("density=relaxed", "messages=x", "messages=\xff", "=x", ";;;", 'a="\\000"', "sessionid=x"),
    *("messages=W1siX19qc29uX21lc3NhZ2UiLDAsMjAsImEiXV0:x:y", "csrftoken=short", "a" * 5000),
)
_CHARSETS = ("utf-8", "utf-16", "hex", "rot13", "undefined", "nonsense", "latin-1", '"\xe4"')


@dataclass(frozen=True)
class Request:
    """One request, and the kind of user that sends it."""

    user: str
    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes


def routes() -> list[str]:
    """Every address of the portal; what varies in it stands as `<converter:name>`."""
    return sorted(set(_routes(get_resolver().url_patterns, "/")))


def _routes(patterns, prefix: str) -> Iterator[str]:
    for entry in patterns:
        is_route = isinstance(entry.pattern, RoutePattern)
        own = prefix + (entry.pattern._route if is_route else "<path:anything>")
        if isinstance(entry, URLResolver):
            yield from _routes(entry.url_patterns, own)
        else:
            yield own


class Fuzzer:
    """Makes requests out of `seed`. known: values by the name of the part of an address."""

    def __init__(self, seed: int, known: dict[str, tuple[str, ...]]) -> None:
        self._random = random.Random(seed)
        self._known = known
        self._routes = routes()
        # As often as all others together, these take what people send.
        self._own = [route for route in self._routes if not route.startswith("/admin/")]

    def __call__(self) -> Request:
        choose, chance = self._random.choice, self._random.random
        route = choose(self._own if chance() < 0.5 else self._routes)
        headers = {name: choose(_HEADERS[name]) for name in self._some(list(_HEADERS), 3)}
        if chance() < 0.8:
            # The most frequent is none of the odd ones.
            headers.pop("Host", None)
        if chance() < 0.7:
            headers.pop("Origin", None)
        headers["Cookie"] = "; ".join([f"csrftoken={TOKEN}", *self._some(_COOKIES, 1)])
        headers["X-CSRFToken"] = TOKEN if chance() < 0.9 else choose(("", "x", "\xff"))
        content_type, body = self._body()
        if chance() < 0.9:
            headers["Content-Type"] = content_type
        return Request(
            user=choose(USERS),
            method=choose(_METHODS),
            path=self._path(route),
            query=self._query(),
            headers=headers,
            body=body,
        )

    def _some(self, values, most: int) -> list:
        return self._random.sample(values, self._random.randint(0, most))

    def _path(self, route: str) -> str:
        parts = route.split("<")
        path = parts[0]
        for part in parts[1:]:
            what, _, rest = part.partition(">")
            path += self._value_in_path(what.rpartition(":")[2]) + rest
        if self._random.random() < 0.03:
            path += self._random.choice(("/", "//", "\0", "%00", "/..", ".json", "é", "?"))
        return path

    def _value_in_path(self, name: str) -> str:
        known = self._known.get(name)
        if known and self._random.random() < 0.8:
            return self._random.choice(known)
        return self._random.choice(_PATH_EVIL)

    def _fields(self, most: int) -> list[tuple[str, str]]:
        count = self._random.randint(0, most)
        return [(self._random.choice(_NAMES), self._random.choice(_EVIL)) for _ in range(count)]

    def _query(self) -> str:
        if self._random.random() < 0.05:
            return self._random.choice(("%", "%ff=%ff", "&&&", "=", "a=%00", "\xff", "a" * 9000))
        return urlencode(self._fields(3), quote_via=quote)

    def _body(self) -> tuple[str, bytes]:
        kind = self._random.randrange(10)
        charset = ""
        if self._random.random() < 0.1:
            charset = f"; charset={self._random.choice(_CHARSETS)}"
        if kind == 0:
            return "application/json" + charset, self._random.choice((b"{}", b"{", b"[1]", b"\xff"))
        if kind == 1:
            return FORM + charset, self._random.randbytes(self._random.randint(0, 200))
        if kind < 4:
            return self._multipart(charset)
        return FORM + charset, urlencode(self._fields(8)).encode()

    def _multipart(self, charset: str) -> tuple[str, bytes]:
        body = b""
        for name, value in self._fields(6):
            head = f'Content-Disposition: form-data; name="{quote(name, safe="é")}"'
            if self._random.random() < 0.3:
                head += f'; filename="{quote(value[:40], safe=".é")}"'
            if self._random.random() < 0.2:
                head += self._random.choice(
                    (
                        "\r\nContent-Transfer-Encoding: base64",
                        "\r\nContent-Type: text/csv; charset=hex",
                        "; filename*=hex''a",
                        "; name*=nonsense''a",
                        "\r\nX",
                        "\r\nContent-Length: x",
                    )
                )
            body += b"--b\r\n" + head.encode() + b"\r\n\r\n" + value.encode() + b"\r\n"
        if self._random.random() < 0.8:
            body += b"--b--\r\n"
        boundary = "b" if self._random.random() < 0.9 else self._random.choice(("", '"', "\xff"))
        return f"multipart/form-data; boundary={boundary}{charset}", body
