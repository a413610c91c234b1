"""What a call is found by: one row of words per call."""

from django.db import models

from .sessions import Session


class SearchDocument(models.Model):
    """The words of one call, folded, each once, with spaces between; see `services.searching`.

    `facts` are the words of ids, numbers and metadata, `spoken` those of the transcript: each
    changes without the other.

    The database keeps an index beside this table that Django does not know (migration
    `0006_search`). On SQLite it is kept by triggers of this table, which are lost when a later
    migration makes the table anew: such a migration has to run `search_index.make` again.
    """

    session = models.OneToOneField(
        Session, primary_key=True, on_delete=models.CASCADE, related_name="search_document"
    )
    facts = models.TextField(blank=True)
    spoken = models.TextField(blank=True)

    class Meta:
        default_permissions = ()

    def __str__(self):
        return f"words of {self.session_id}"
