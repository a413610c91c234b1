"""What the API key may read, asked without harm: with a session id that does not exist."""

from django.conf import settings

from recordings.kallglot import Client, Limits, errors

from . import gate, vendor

# A key that may read sessions gets 404 for it.
_NO_SESSION = "sess_portal_key_check"
# All of it within about 20 s, whatever Kallglot does.
_LIMITS = Limits(dns_seconds=3.0, first_byte_seconds=5.0, json_seconds=6.0)
_ALLOWED = "The Kallglot API key may read {}."
_REFUSED = "It may not read {}: check its scopes in Kallglot's developer portal."


def check_key() -> tuple[bool, str]:
    """Return whether the key may read recordings, and in sentences what it may and may not read.

    A pause is over when Kallglot accepts the key, and one begins when it refuses the account, as
    with any other call. Only a rate limit is waited for. Raises `errors.KallglotError` when that
    could not be found out.
    """
    if not settings.KALLGLOT_API_KEY:
        raise vendor.NotConnected
    client = Client(
        settings.KALLGLOT_API_KEY,
        settings.KALLGLOT_API_URL,
        limits=_LIMITS,
        gate=gate.DatabaseGate(ignores_refusals=True),
    )
    with client:
        answers = {
            "recordings": _may(client.recordings),
            "sessions": _may(client.session),
            "transcripts": _may(client.transcript),
        }
    allowed = [name for name, may in answers.items() if may]
    refused = [name for name, may in answers.items() if not may]
    sentences = [_ALLOWED.format(_listed(allowed, "and"))] if allowed else []
    if refused:
        sentences.append(_REFUSED.format(_listed(refused, "or")))
    return answers["recordings"], " ".join(sentences)


def _may(ask) -> bool:
    try:
        ask(_NO_SESSION)
    except errors.NotAllowed:
        return False
    except (errors.NotFound, errors.Gone, errors.NotReady):
        return True
    except errors.BadAnswer as error:
        # 400 and 422 mean that the id was looked at, so the key is good enough for that.
        if error.status not in (400, 422):
            raise
    return True


def _listed(names: list[str], word: str) -> str:
    return f" {word} ".join(filter(None, (", ".join(names[:-1]), names[-1])))
