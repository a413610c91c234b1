"""Forms: what people type, checked before anything is done with it."""

import codecs

from django import forms

from kallglot_portal.uploads import MOST_BYTES
from recordings.kallglot import types
from recordings.models import Import


def ids_in_file(data: bytes) -> list[str]:
    """All session and recording ids in a file of any text format and encoding, each once."""
    for mark, encoding in (
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
    ):
        if data.startswith(mark):
            return types.find_ids(data.decode(encoding, "replace"))
    # Ids are ASCII, which looks the same in UTF-8 and Latin-1, and in an unmarked UTF-16 once the
    # zero bytes between are gone.
    return types.find_ids(data.replace(b"\x00", b"").decode("latin-1"))


class OpenCallsForm(forms.Form):
    """The box that opens calls: one id, many, or any text with ids in it."""

    ids = forms.CharField(
        label="Open calls",
        required=False,
        max_length=100_000,
        widget=forms.Textarea(
            attrs={
                "rows": 1,
                "placeholder": "sess_…, rec_…, any text with ids",
                "autocomplete": "off",
                "spellcheck": "false",
                "data-enter-sends": "",
            }
        ),
    )
    file = forms.FileField(
        label="or a file with ids (CSV, JSON, any text)",
        required=False,
        allow_empty_file=True,
    )

    def clean_file(self) -> list[str]:
        """The ids in the file."""
        file = self.cleaned_data["file"]
        if file is None:
            return []
        if file.size > MOST_BYTES:
            raise forms.ValidationError(
                f"This file is larger than {MOST_BYTES >> 20} MB; please send it in parts."
            )
        return ids_in_file(file.read())

    def clean(self) -> dict:
        """`ids` becomes the ids of text and file together, each once, in their order."""
        data = super().clean()
        if self.errors:
            return data
        found = list(dict.fromkeys([*types.find_ids(data["ids"]), *data["file"]]))
        if len(found) > Import.MOST_IDS:
            self.add_error(
                "ids",
                f"There are {len(found)} ids in this; please send at most {Import.MOST_IDS} at "
                "once.",
            )
        elif not found:
            self.add_error("ids", self._nothing_found(data["ids"]))
        data["ids"] = found
        return data

    def _nothing_found(self, text: str) -> str:
        if not text and "file" not in self.files:
            return "Type or paste a session or recording id first."
        source = "text" if text else "file"
        return (
            f"There is no Kallglot id in this {source}. Ids look like sess_01J9ZPXC3V5N6R "
            "or rec_01J9ZQ58A1B2C3."
        )
