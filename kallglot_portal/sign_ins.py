"""Django's sessions in the database, found with a query that is composed once."""

import re

from django.contrib.sessions.backends import db
from django.utils import timezone

from .prepared import Given, Prepared

_by_key = Prepared(
    lambda: SessionStore.get_model_class().objects.filter(session_key=Given("session_key"))
)
# As Django makes them.
_KEY = re.compile(r"[a-z0-9]{32}")


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
