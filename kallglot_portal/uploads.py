"""Request bodies: forms, and small files for views that take them; nothing is written to disk."""

from io import BytesIO

from django.core.exceptions import BadRequest
from django.core.files.uploadedfile import InMemoryUploadedFile
from django.core.files.uploadhandler import FileUploadHandler
from django.http import HttpResponse, UnreadablePostError

MOST_BYTES = 5 * 2**20
# A file up to this size is read to its end, so that the user gets a clear error for it.
_MOST_READ_BYTES = 64 * 2**20
_STATUS = {
    408: "The request came too slowly.\n",
    413: "This is too large to be sent here.\n",
    503: "Too many uploads are under way. Please try again in a moment.\n",
}


def takes_file(permission: str):
    """Decorator: the view takes one uploaded file from users with `permission`."""

    def mark(view):
        view.takes_file = permission
        return view

    return mark


class RequestBodyMiddleware:
    """Has no file read unless the view takes one from this user.

    Sits after the sign-in check and before the middleware that reads forms.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        return self.get_response(request)

    def process_view(self, request, view, args, kwargs):
        if request.method != "POST" or getattr(view, "csrf_exempt", False):
            return None
        permission = getattr(view, "takes_file", None)
        takes_file = permission is not None and request.user.has_perm(permission)
        if not takes_file:
            request.upload_handlers = [RefuseFiles(request)]
        if request.content_type == "multipart/form-data":
            length = int(request.META.get("CONTENT_LENGTH") or 0)
            if length > (_MOST_READ_BYTES if takes_file else MOST_BYTES):
                return _refused(413)
        return None

    def process_exception(self, request, exception):
        return unread(exception) if isinstance(exception, UnreadablePostError) else None


def unread(error: UnreadablePostError) -> HttpResponse:
    """The response to a request whose body broke off or came too slowly (`bodies.BodyError`)."""
    return _refused(_status(error))


def _status(error: BaseException | None) -> int:
    """The status that the reader of the body gave to the fault, else 400."""
    while error is not None:
        if hasattr(error, "status"):
            return error.status
        error = error.__cause__
    return 400


def _refused(status: int) -> HttpResponse:
    sentence = _STATUS.get(status, "The request broke off.\n")
    response = HttpResponse(sentence, status=status, content_type="text/plain; charset=utf-8")
    if status == 503:
        response["Retry-After"] = "10"
    return response


class RefuseFiles(FileUploadHandler):
    """Ends the reading of a form at its first file."""

    def new_file(self, *args, **kwargs):
        raise BadRequest("This address takes no files.")

    def receive_data_chunk(self, raw_data, start):
        """Never called."""

    def file_complete(self, file_size):
        """Never called."""


class SmallFileHandler(FileUploadHandler):
    """Keeps one file's first `MOST_BYTES`; of a larger one only the size is true.

    Whoever takes the file refuses it by its size. The rest is read and dropped, so that the
    person gets a sentence and not a connection that broke.
    """

    _kept = None

    def new_file(self, *args, **kwargs):
        if self._kept:
            raise BadRequest("This address takes one file.")
        super().new_file(*args, **kwargs)
        self._kept = BytesIO()

    def receive_data_chunk(self, raw_data, start):
        if start < MOST_BYTES:
            self._kept.write(raw_data[: MOST_BYTES - start])

    def file_complete(self, file_size):
        self._kept.seek(0)
        return InMemoryUploadedFile(
            file=self._kept,
            field_name=self.field_name,
            name=self.file_name,
            content_type=self.content_type,
            size=file_size,
            charset=self.charset,
            content_type_extra=self.content_type_extra,
        )
