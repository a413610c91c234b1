"""Asking for exports as a browser does, and reading what comes."""

import csv
import io
import zipfile

from recordings.models import Export
from recordings.services import zipping


def ask_for_zip(client, *ids, **choice):
    return client.post("/exports/", {"kind": "zip", "session": ids, **choice})


def make_zip(client, *ids, **choice) -> Export:
    number = ask_for_zip(client, *ids, **choice).headers["Location"].split("/")[2]
    zipping.make_waiting()
    return Export.objects.get(pk=number)


def fetched(client, export) -> zipfile.ZipFile:
    answer = client.get(f"/exports/{export.pk}/download")
    assert answer.status_code == 200
    return zipfile.ZipFile(io.BytesIO(answer.getvalue()))


def manifest(archive) -> list[dict]:
    return list(csv.DictReader(io.StringIO(archive.read("manifest.csv").decode())))


def table(answer) -> list[list[str]]:
    return list(csv.reader(io.StringIO(answer.getvalue().decode("utf-8-sig"))))


def facts(client, session_id) -> dict[str, str]:
    """The cells of one call in a table, by the heads of their columns."""
    answer = client.post("/exports/", {"kind": "csv", "session": [session_id]})
    head, row = table(answer)
    return dict(zip(head, row, strict=True))
