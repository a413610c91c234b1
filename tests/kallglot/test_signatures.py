"""The vectors were computed apart from this code, from the vendor's description."""

import hashlib
import hmac
import json

import pytest

from recordings.kallglot.signatures import SignatureError, verify

SECRET = "kg_test_signing_secret_0001"

T_A = 1778491063
BODY_A = (
    b'{"id":"evt_01J9ZQ4T7M2K8W","type":"session.ended","api_version":"v1",'
    b'"created_at":"2026-05-11T09:17:42Z","data":{"id":"sess_01J9ZPXC3V5N6R","object":"session",'
    b'"status":"ended","duration":187.4}}'
)
V1_A = "49a8b689143eb1322d0cda267428e6cbc88fb1537330bf0a81da1578139fa0d4"

T_B = 1778491072
BODY_B = (
    '{"id":"evt_01J9ZQ5B0D4F6H","type":"recording.ready","api_version":"v1",'
    '"created_at":"2026-05-11T09:17:51Z","data":{"id":"rec_01J9ZQ58A1B2C3","object":"recording",'
    '"session_id":"sess_01J9ZPXC3V5N6R","note":"Gr\u00fc\u00dfe \u2013 ok"}}'
).encode()
V1_B = "3273cdaa0d3129b3a1f24449125c6c01ad61fdeb664c9ff1440b3ed0386c214b"

GOOD = f"t={T_A},v1={V1_A}"
OTHER = "0" * 64


def reason(body=BODY_A, header=GOOD, secrets=(SECRET,), now=T_A, **options) -> str | None:
    """Why the signature is refused, None when it holds."""
    try:
        verify(body, header, secrets, now=now, **options)
    except SignatureError as error:
        return error.reason
    return None


def signed(t: str, body: bytes = BODY_A, secret: str = SECRET) -> str:
    return hmac.new(secret.encode(), t.encode() + b"." + body, hashlib.sha256).hexdigest()


def test_vectors():
    assert (len(BODY_A), len(BODY_B)) == (194, 222)
    assert reason() is None
    assert reason(BODY_B, f"t={T_B},v1={V1_B}", now=T_B) is None


@pytest.mark.parametrize(
    "header",
    [
        GOOD.encode(),
        f"t={T_A}, v1={V1_A}",
        f" v1={V1_A} , t={T_A} ",
        f"t={T_A},v1={OTHER},v1={V1_A}",
        f"t={T_A},v1={V1_A},v1={OTHER}",
        f"t={T_A},v0={OTHER},v1={V1_A},v2=x,plain",
        f"t={T_A},v1=short,v1={V1_A}",
        f"t={T_A},v1={V1_A.upper()}",
    ],
)
def test_good_headers(header):
    assert reason(header=header) is None


@pytest.mark.parametrize(
    ("header", "why"),
    [
        (None, "header"),
        ("", "header"),
        (b"", "header"),
        ("x" * 65_536, "header"),
        (f"v1={V1_A}", "time"),
        (f"t={T_A}", "scheme"),
        (f"t={T_A},v0={V1_A}", "scheme"),
        (f"t={T_A},v1=", "scheme"),
        (f"t={T_A},v1={V1_A[:-1]}", "scheme"),
        (f"t={T_A},v1={V1_A}0", "scheme"),
        (f"t={T_A},v1={V1_A[:-1]}g", "scheme"),
        (f"t={T_A},v1={V1_A[:-1]}\u0664", "scheme"),
        (f"t={T_A},V1={V1_A}", "scheme"),
        (f"t={T_A},v1={OTHER}", "mismatch"),
        (f"t={T_A + 1},v1={V1_A}", "mismatch"),
        (f"t={T_A},t={T_A},v1={V1_A}", "time"),
        ("=,=,=", "time"),
        ("\udcff", "time"),
    ],
)
def test_bad_headers(header, why):
    assert reason(header=header) == why


@pytest.mark.parametrize(
    "t",
    [
        *("", "+1778491063", " 1778491063", "1_778491063", "1.7e9", "1778491063.0", "-1"),
        *("\u0661\u0667", "0x6a0", "1" * 13, "17\n"),
    ],
)
def test_time_is_digits_only_even_when_signed(t):
    assert reason(header=f"t={t},v1={signed(t)}") == "time"


@pytest.mark.parametrize(
    "body",
    [
        BODY_A[:-1],
        BODY_A + b"\n",
        b"\xef\xbb\xbf" + BODY_A,
        BODY_A.replace(b"187.4", b"187.5"),
        json.dumps(json.loads(BODY_A)).encode(),
        b"",
    ],
)
def test_every_byte_counts(body):
    assert reason(body) == "mismatch"


def test_serialised_again_is_another_body():
    again = json.dumps(json.loads(BODY_B)).encode()
    assert signed(str(T_B), again).startswith("a872399980a31cfe")
    assert reason(again, f"t={T_B},v1={V1_B}", now=T_B) == "mismatch"


@pytest.mark.parametrize(
    ("seconds", "why"),
    [(0, None), (299, None), (-299, None), (300, None), (301, "tolerance"), (-301, "tolerance")],
)
def test_tolerance_in_both_directions(seconds, why):
    assert reason(now=T_A + seconds) == why


def test_own_tolerance():
    assert reason(now=T_A + 11, tolerance_s=10) == "tolerance"
    assert reason(now=T_A + 301, tolerance_s=600) is None


@pytest.mark.parametrize(
    ("secrets", "why"),
    [
        (("new", SECRET), None),
        ((SECRET, "old"), None),
        (("new", "old"), "mismatch"),
        ((), "secret"),
        (("",), "secret"),
        (("", SECRET), None),
    ],
)
def test_secrets_while_rotating(secrets, why):
    assert reason(secrets=secrets) == why


def test_empty_secret_never_matches():
    assert reason(header=f"t={T_A},v1={signed(str(T_A), secret='')}", secrets=("", "x")) == (
        "mismatch"
    )


def test_error_tells_neither_secret_nor_signature():
    with pytest.raises(SignatureError) as caught:
        verify(BODY_A, f"t={T_A},v1={OTHER}", [SECRET], now=T_A)
    assert SECRET not in repr(caught.value)
    assert OTHER not in repr(caught.value)
