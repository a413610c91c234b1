"""Every kind of page there is, by name, for checks that go over all of them."""

from recordings.simulator.data import DEMO_CALLS

_ROOM = {demo.name: f"/sessions/{demo.session_id}/" for demo in DEMO_CALLS}
_STATES = (
    *("missing parcel", "paused and resumed", "still processing", "failed", "expiring soon"),
    *("expired", "not recorded", "in progress", "new password", "an hour long"),
)

# Name -> (who looks, path).
PAGES = {
    "sign-in": (None, "/accounts/login/"),
    "library": ("leo", "/"),
    "library of an administrator": ("ada", "/"),
    "a channel nobody has": ("leo", f"{_ROOM['not recorded']}recordings?channel=agent"),
    "without downloads": ("mia", _ROOM["missing parcel"]),
    "not found": ("leo", "/sessions/sess_nobody/"),
    "wrong method": ("leo", "/sessions/open"),
    **{name: ("leo", _ROOM[name]) for name in _STATES},
}
