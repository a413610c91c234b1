"""Is this webhook really from Kallglot? (vendor documentation, "Webhook signatures")

The header `Kallglot-Signature` is `t=<unix seconds>,v1=<hex>`, where v1 is the HMAC-SHA256 of
`<t>.<raw body>` under the endpoint's secret. The bytes are those that were received: JSON that
was read and written again has another signature.
"""

import hashlib
import hmac
import re
from collections.abc import Sequence

_TIME = re.compile(rb"[0-9]{1,12}")  # int() alone takes " 17", "+17", "1_7" and other digits
_DIGEST = re.compile(rb"[0-9a-fA-F]{64}")
_LONGEST_HEADER = 4_096


class SignatureError(Exception):
    """The signature does not hold. `reason` is for our log; tell the sender nothing of it."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"The webhook's signature is not valid ({reason}).")
        self.reason = reason


def verify(
    raw_body: bytes,
    header: str | bytes | None,
    secrets: Sequence[str],
    *,
    now: float,
    tolerance_s: float = 300,
) -> None:
    """Return when one of `secrets` signed `raw_body` within `tolerance_s` seconds of `now`.

    Any of several v1 may match, and any of several secrets (both while a secret is rotated);
    other schemes are ignored. Raises SignatureError with a reason of "header", "time" (missing or
    malformed), "scheme" (no usable v1), "secret" (none configured), "tolerance" or "mismatch".
    """
    signed_at, digests = _parse(header)
    usable = [secret.encode() for secret in secrets if secret]
    if not usable:
        raise SignatureError("secret")
    matches = False
    for secret in usable:
        expected = hmac.new(secret, signed_at + b"." + raw_body, hashlib.sha256).hexdigest()
        for digest in digests:
            matches |= hmac.compare_digest(expected.encode(), digest)
    if not matches:
        raise SignatureError("mismatch")
    if abs(now - int(signed_at)) > tolerance_s:
        raise SignatureError("tolerance")


def _parse(header: str | bytes | None) -> tuple[bytes, list[bytes]]:
    if isinstance(header, str):
        header = header.encode("utf-8", "replace")
    if not header or len(header) > _LONGEST_HEADER:
        raise SignatureError("header")
    # Spaces around the elements are fine, spaces around a value are not: " 17" is no time.
    pairs = [element.strip(b" ").partition(b"=") for element in header.split(b",")]
    times = [value for key, _, value in pairs if key == b"t"]
    if len(times) != 1 or not _TIME.fullmatch(times[0]):
        raise SignatureError("time")
    digests = [v.lower() for key, _, v in pairs if key == b"v1" and _DIGEST.fullmatch(v)]
    if not digests:
        raise SignatureError("scheme")
    return times[0], digests
