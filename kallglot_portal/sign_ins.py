"""Django's sessions in the database, found with a query that is composed once."""

import re
from functools import lru_cache

from django.conf import settings
from django.contrib.sessions.backends import db
from django.core import signing
from django.utils import timezone

from .prepared import Given, Prepared

_by_key = Prepared(
    lambda: SessionStore.get_model_class().objects.filter(session_key=Given("session_key"))
)
# As Django makes them.
_KEY = re.compile(r"[a-z0-9]{32}")


class _Unparsed:
    """A serializer for `signing.loads` that returns the text itself."""

    def loads(self, data: bytes) -> bytes:
        return data


@lru_cache(maxsize=1024)
def _verified(session_data: str, salt: str, secret: str) -> bytes:
    """The JSON text of a session's row. Raises `signing.BadSignature` and other errors.

    The row itself is read with every request; only the check of the same text is not repeated.
    """
    return signing.loads(session_data, secret, salt, serializer=_Unparsed)


class SessionStore(db.SessionStore):
    """Every request of a person who is signed in looks for its session."""

    def _validate_session_key(self, key):
        # A cookie is a stranger's claim: what the database could not even read (NUL) stays out.
        return bool(key) and _KEY.fullmatch(key) is not None

    def _get_session_from_db(self):
        session = _by_key.first(session_key=self.session_key)
        if session is None or session.expire_date <= timezone.now():
            self._session_key = None
            return None
        return session

    def decode(self, session_data):
        try:
            text = _verified(session_data, self.key_salt, settings.SECRET_KEY)
        except Exception:  # whatever it is, Django logs it and begins an empty session
            return super().decode(session_data)
        return self.serializer().loads(text)
