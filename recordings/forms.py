"""Forms: what people type, checked before anything is done with it."""

import math
import uuid

from django import forms
from django.contrib.auth.forms import AuthenticationForm

from kallglot_portal import passwords
from kallglot_portal.uploads import MOST_BYTES
from recordings.kallglot.types import FoundId
from recordings.models import Import, Note
from recordings.services import clock, pasted_ids, workbooks


class SignInForm(AuthenticationForm):
    """Django's form; a password longer than any user's is refused unhashed."""

    password = forms.CharField(
        strip=False,
        max_length=passwords.MOST_CHARACTERS,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


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
        label="or a file with ids (CSV, Excel, JSON, any text)",
        required=False,
        allow_empty_file=True,
    )

    def clean_file(self) -> list[FoundId]:
        """The ids in the file."""
        file = self.cleaned_data["file"]
        if file is None:
            return []
        if file.size > MOST_BYTES:
            raise forms.ValidationError(
                f"This file is larger than {MOST_BYTES >> 20} MB; please send it in parts."
            )
        try:
            return pasted_ids.in_file(file.read())
        except workbooks.WorkbookError as error:
            raise forms.ValidationError(str(error)) from None

    def clean(self) -> dict:
        """`ids` becomes the `FoundId`s of text and file together, each once, in their order."""
        data = super().clean()
        if self.errors:
            return data
        found = pasted_ids.unique([*pasted_ids.in_text(data["ids"]), *data["file"]])
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


class SecondField(forms.CharField):
    """A second of a call, typed as 83.5 or 1:23.5; None where it may be empty and is."""

    def clean(self, value) -> float | None:
        text = super().clean(value)
        try:
            return clock.parse(text) if text else None
        except ValueError:
            raise forms.ValidationError(
                "Type seconds, such as 83.5, or a clock time, such as 1:23.5."
            ) from None


class WordsField(forms.CharField):
    """Text of several lines; a line break counts as one character, as it does in browsers."""

    def to_python(self, value) -> str:
        text = super().to_python(value)
        return text.replace("\r\n", "\n").replace("\r", "\n")


class NoteForm(forms.Form):
    """A note on a second or a range of a call that is `length` seconds long, if that is known.

    Valid data has what a note says: start, end, text, is_private; and the key of the form.
    """

    start = SecondField(
        max_length=20, error_messages={"required": "Say at which second of the call."}
    )
    end = SecondField(max_length=20, required=False)
    text = WordsField(
        max_length=Note.MOST_CHARACTERS,
        error_messages={
            "required": "Write a word or two first.",
            "max_length": "A note has at most %(limit_value)d characters, this one has "
            "%(show_value)d.",
        },
    )
    private = forms.BooleanField(required=False)
    key = forms.UUIDField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args, length: float | None = None, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self._length = length

    def clean_start(self) -> float:
        return self._within_the_call(self.cleaned_data["start"])

    def clean_end(self) -> float | None:
        end = self.cleaned_data["end"]
        return None if end is None else self._within_the_call(end)

    def clean_key(self) -> uuid.UUID:
        return self.cleaned_data["key"] or uuid.uuid4()

    def clean(self) -> dict:
        data = super().clean()
        start, end = data.get("start"), data.get("end")
        if start is not None and end is not None and end <= start:
            self.add_error("end", "A range ends after it begins.")
        return data

    @property
    def said(self) -> dict:
        """What a valid form says of the note itself."""
        data = self.cleaned_data
        return {
            **{name: data[name] for name in ("start", "end", "text")},
            "is_private": data["private"],
        }

    def _within_the_call(self, second: float) -> float:
        # A player shows whole seconds, and the last one of them is rarely complete.
        if self._length is None or second <= self._length:
            return second
        if second > math.ceil(self._length):
            shown = clock.shown(self._length)
            raise forms.ValidationError(f"The call ends at {shown}.")
        return math.floor(self._length * 1000) / 1000


class EditNoteForm(NoteForm):
    """The same of `note`: `version` is the one that the person began to edit."""

    version = forms.IntegerField(min_value=1, max_value=2**31 - 1, widget=forms.HiddenInput)

    def __init__(self, *args, note: Note, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self._latest = note.start if note.end is None else note.end

    def _within_the_call(self, second: float) -> float:
        # The call may have become shorter since: its recordings are measured, and expire.
        return second if second <= self._latest else super()._within_the_call(second)
