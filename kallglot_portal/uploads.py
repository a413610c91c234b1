"""Uploaded files: small ones, in memory; nothing that people send is written to disk."""

from io import BytesIO

from django.core.files.uploadedfile import InMemoryUploadedFile
from django.core.files.uploadhandler import FileUploadHandler

MOST_BYTES = 5 * 2**20


class SmallFileHandler(FileUploadHandler):
    """Keeps a file's first `MOST_BYTES`; of a larger one only the size is true.

    Whoever takes the file refuses it by its size. The rest is read and dropped, so that the
    person gets a sentence and not a connection that broke.
    """

    def new_file(self, *args, **kwargs):
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
