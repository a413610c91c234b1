"""Files are read only for views that take them, from users who may send them."""

import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from kallglot_portal.bodies import BodyError
from kallglot_portal.request_heads import checked
from kallglot_portal.uploads import MOST_BYTES
from tests.conftest import CALL

FORM = (
    b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\nabc\r\n--x--\r\n'
)


class Body(io.BytesIO):
    """A body that notes whether it was read."""

    was_read = False

    def read(self, *size):
        self.was_read = True
        return super().read(*size)


def post(client, path, body, length=None, kind="multipart/form-data; boundary=x"):
    size = len(body.getvalue()) if length is None else length
    told = {"wsgi.input": body, "CONTENT_LENGTH": str(size), "CONTENT_TYPE": kind}
    return client.generic("POST", path, **told)


@pytest.mark.parametrize("path", ["/accounts/login/", f"/sessions/{CALL}/notes"])
def test_a_file_for_a_view_that_takes_none_is_400(path, clients, call):
    answer = post(clients["reviewer"], path, Body(FORM))
    assert answer.status_code == 400
    assert b"Traceback" not in answer.content


def test_a_form_too_large_for_its_view_is_413_and_not_read(client, db):
    body = Body(FORM)
    answer = post(client, "/accounts/login/", body, length=MOST_BYTES + 1)
    assert (answer.status_code, body.was_read) == (413, False)


def test_without_a_sign_in_no_file_is_read(client, db):
    body = Body(FORM)
    answer = post(client, "/sessions/open", body)
    assert (answer.status_code, body.was_read) == (302, False)


def test_two_files_are_400(clients, call):
    files = [SimpleUploadedFile(f"{number}.txt", b"sess_a") for number in range(2)]
    assert clients["reviewer"].post("/sessions/open", {"file": files}).status_code == 400


@pytest.mark.parametrize("status", [400, 408, 503])
@pytest.mark.parametrize(
    "kind", ["multipart/form-data; boundary=x", "application/x-www-form-urlencoded"]
)
def test_a_body_that_cannot_be_read_has_its_status(status, kind, clients, call):
    class Broken(Body):
        def read(self, *size):
            raise BodyError(status, "the reason")

    answer = post(clients["reviewer"], "/sessions/open", Broken(FORM), kind=kind)
    assert answer.status_code == status
    assert "reason" not in answer.text


def test_cookies_that_take_long_to_read_are_left_out():
    slow = 'other="' + "\\" * 1000 + '"'
    assert checked([("COOKIE", f"a=1; {slow}; b=2"), ("HOST", "x")]) == [
        ("COOKIE", "a=1; b=2"),
        ("HOST", "x"),
    ]
