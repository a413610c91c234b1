"""The notes of a call as their panel shows them, and the form that somebody is filling in."""

from bisect import bisect_right
from dataclasses import dataclass
from urllib.parse import urlencode
from uuid import uuid4

from django.core.paginator import Page, Paginator
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.text import Truncator

from recordings import permissions
from recordings.forms import NoteForm
from recordings.models import Note, Session
from recordings.services import clock, notes
from recordings.views.came_from import carried

# Some calls have hundreds of notes, each with its forms.
NOTES_AT_ONCE = 50
_WORDS_IN_NAMES = 40


@dataclass(frozen=True, slots=True)
class Fields:
    """What stands in a form's fields, as typed, and what is wrong with it by field."""

    start: str = ""
    end: str = ""
    text: str = ""
    private: bool = False
    version: int = 1
    errors: dict | None = None
    is_stale: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """One note. `typed` fills the form that edits it; None where this person may not."""

    note: Note
    address: str
    shown: str
    start: str
    end: str
    typed: Fields | None
    may_delete: bool
    may_resolve: bool
    is_meant: bool

    @property
    def prefix(self) -> str:
        """Of the ids of the fields that edit it."""
        return f"note-{self.note.pk}"

    @property
    def name(self) -> str:
        """Which note a button means, for those who do not see where it stands."""
        words = Truncator(" ".join(self.note.text.split())).chars(_WORDS_IN_NAMES)
        return f"note at {self.shown} by {self.note.author_name}: {words}"


class Panel:
    """The notes of `session` that the person of `request` may see; asked for only if shown.

    form: what they sent and is not saved, of a new note or, with `edited`, of that one.
    is_stale: it is not saved because the note was changed meanwhile.
    meant: the note that has just been changed, which is among those that are shown.
    """

    def __init__(
        self,
        request,
        session: Session,
        form: NoteForm | None = None,
        edited: Note | None = None,
        *,
        is_stale: bool = False,
        meant: Note | None = None,
    ) -> None:
        self._user = request.user
        self._session = session
        self._form = form
        self._edited = edited.pk if edited else None
        self._is_stale = is_stale
        self._asked_for = request.GET
        self._listed = carried(request)
        changed = meant or edited
        self._meant = str(changed.pk) if changed else request.GET.get("note", "")

    @cached_property
    def notes(self) -> list[Note]:
        return notes.seen(self._session, self._user)

    @cached_property
    def page(self) -> Page:
        """The part of the notes that is shown: that of the note or the second asked for."""
        pages = Paginator(self.notes, NOTES_AT_ONCE)
        before = next((n for n, note in enumerate(self.notes) if self.is_meant(note)), None)
        if before is None and "notes" in self._asked_for:
            return pages.get_page(self._asked_for["notes"])
        if before is None:
            starts = [note.start for note in self.notes]
            second = _seconds(self._asked_for.get("t", "")) or 0.0
            before = max(0, bisect_right(starts, second) - 1)
        return pages.get_page(before // NOTES_AT_ONCE + 1)

    def is_meant(self, note: Note) -> bool:
        return str(note.pk) == self._meant

    @property
    def query(self) -> str:
        """What every address keeps: the list that the call was opened from, and the part."""
        return self._query(self.page.number)

    @property
    def earlier(self) -> str:
        return self._query(self.page.number - 1)

    @property
    def later(self) -> str:
        return self._query(self.page.number + 1)

    def _query(self, number: int) -> str:
        part = urlencode({"notes": number}) if self.page.has_other_pages() else ""
        query = "&".join(filter(None, [self._listed, part]))
        return f"?{query}" if query else ""

    @property
    def facts(self) -> list[dict]:
        return notes.facts(self.notes)

    @property
    def may_write(self) -> bool:
        return self._user.has_perm(permissions.WRITE_NOTES)

    @property
    def most_characters(self) -> int:
        return Note.MOST_CHARACTERS

    @property
    def typed(self) -> Fields:
        """What stands in the form of a new note."""
        if self._form is not None and self._edited is None:
            return self._sent(self._form)
        # A link to a second of the call, or to a range of it, says what the note is about.
        start, end = (_seconds(self._asked_for.get(name, "")) for name in ("t", "to"))
        if start is None:
            return Fields()
        is_range = end is not None and end > start
        return Fields(start=clock.exact(start), end=clock.exact(end) if is_range else "")

    @property
    def key(self) -> str:
        """The new note's, which a form sent again keeps."""
        if self._form is not None and self._edited is None and not self._form["key"].errors:
            return self._form["key"].value() or str(uuid4())
        return str(uuid4())

    @cached_property
    def rows(self) -> list[Row]:
        room = reverse("session", args=[self._session.kallglot_id])
        return [self._row(note, room) for note in self.page]

    def _row(self, note: Note, room: str) -> Row:
        start = clock.plain(note.start)
        end = "" if note.end is None else clock.plain(note.end)
        until = "" if note.end is None else f"–{clock.shown(note.end)}"
        return Row(
            note=note,
            address=f"{room}?t={start}" + (end and f"&to={end}"),
            shown=clock.shown(note.start) + until,
            start=start,
            end=end,
            typed=self._typed(note) if notes.may_edit(self._user, note) else None,
            may_delete=notes.may_delete(self._user, note),
            may_resolve=notes.may_resolve(self._user, note),
            is_meant=self.is_meant(note),
        )

    def _typed(self, note: Note) -> Fields:
        if note.pk == self._edited:
            return self._sent(self._form, note)
        return Fields(
            start=clock.exact(note.start),
            end="" if note.end is None else clock.exact(note.end),
            text=note.text,
            private=note.is_private,
            version=note.version,
        )

    def _sent(self, form: NoteForm, note: Note | None = None) -> Fields:
        start, end, text = (form[name].value() or "" for name in ("start", "end", "text"))
        version = form.cleaned_data.get("version")
        if note and (version is None or self._is_stale):
            # Shown beside what is typed, so saving again is meant.
            version = note.version
        return Fields(
            *(start, end, text, bool(form["private"].value())),
            version=version or 1,
            errors=form.errors,
            is_stale=self._is_stale,
        )


def _seconds(text: str) -> float | None:
    try:
        return clock.parse(text)
    except ValueError:
        return None
