"""What a client sends, read strictly and in one place: cookies, content type, address, form."""

import codecs
import re
from http import cookies

from django.core.handlers.wsgi import WSGIHandler, WSGIRequest
from django.http import UnreadablePostError
from django.urls import get_resolver
from django.utils.functional import cached_property
from django.utils.log import log_response

from kallglot_portal.uploads import unread

# RFC 9110 section 5.6.2.
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
# RFC 9110 section 5.6.3. `str.strip` would also take blanks that a browser leaves in a name.
_BLANKS = " \t"
# Encodings of form fields: browsers send a form in the encoding of its page.
_ENCODINGS = ("utf-8", "ascii")


def parse_cookies(header: str) -> dict[str, str]:
    """The cookies of a `Cookie` header (RFC 6265 section 4.2.1), names compared to the byte.

    A sibling host can set a cookie whose name is `__Host-sessionid` after an unusual blank, such
    as U+2000. Browsers do not see the prefix, so they do not protect it. Such a pair is ignored.
    """
    found = {}
    for pair in header.split(";"):
        name, equals, value = pair.partition("=")
        name = name.strip(_BLANKS)
        if equals and _TOKEN.fullmatch(name):
            # Python's rule for quoted values, as in Django.
            found[name] = cookies._unquote(value.strip(_BLANKS))
    return found


class PortalRequest(WSGIRequest):
    """Django's request, with strict cookies and a content type that cannot raise."""

    def _set_content_type_params(self, meta):
        try:
            super()._set_content_type_params(meta)
        except (ValueError, LookupError):
            # Encoded parameters (RFC 2231) or an encoding that Python cannot look up.
            self.content_type, self.content_params = "", {"charset": ""}

    @cached_property
    def COOKIES(self):  # noqa: N802  (Django's name)
        header = self.environ.get("HTTP_COOKIE", "")
        return parse_cookies(header.encode("latin-1").decode("utf-8", "replace"))


class PortalHandler(WSGIHandler):
    """The WSGI application."""

    request_class = PortalRequest


class ReadableRequestMiddleware:
    """Answers 400 to a query string or a form that cannot be read, before anything uses them.

    Django reads both when they are first used and raises there: in a view, in another middleware,
    and once more in the page that reports the error. A view that is exempt from the CSRF check
    reads its body itself. Sits before `CsrfViewMiddleware`, which is the first to need a form.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        try:
            if request.encoding is not None:
                # The query string is UTF-8, whatever the content type says of the body.
                request.encoding = "utf-8"
            request.GET  # noqa: B018  (parses the query string)
        except Exception as error:
            return self._refuse(request, error)
        return self.get_response(request)

    def process_view(self, request, view_func, view_args, view_kwargs):
        if request.method != "POST" or getattr(view_func, "csrf_exempt", False):
            return None
        try:
            _check_encoding(request)
            request.POST  # noqa: B018  (parses the form)
        except UnreadablePostError as error:
            return unread(error)
        # The parser meets nothing but what the client sent, so whatever it raises is about that.
        except Exception as error:
            return self._refuse(request, error)
        return None

    def _refuse(self, request, error: Exception):
        request._mark_post_parse_error()
        response = get_resolver().resolve_error_handler(400)(request, exception=error)
        reason = type(error).__name__
        log_response("Unreadable (%s): %s", reason, request.path, response=response)
        return response


def _check_encoding(request) -> None:
    """Raise `LookupError` if the form is in an encoding that is not UTF-8."""
    charset = request.content_params.get("charset")
    if charset is not None and codecs.lookup(charset).name not in _ENCODINGS:
        raise LookupError(charset)
