"""Adding many calls by their ids: what was asked for, and what came of each."""

from django.conf import settings
from django.db import models
from django.utils import timezone

from .sessions import Session


class Import(models.Model):
    """One pasted text or uploaded file full of ids, worked off in the background."""

    MOST_IDS = 20_000

    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL)
    created_at = models.DateTimeField(default=timezone.now)
    stopped_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        default_permissions = ()
        ordering = ["-pk"]

    def __str__(self):
        return f"import {self.pk}"

    @property
    def is_done(self) -> bool:
        """Whether every id is settled, looked up or dropped."""
        return not self.items.waiting().exists()

    def counts(self) -> dict[str, int]:
        """How many ids came to which outcome, by its word; every word is there."""
        counted = self.items.order_by().values_list("outcome").annotate(models.Count("pk"))
        return dict.fromkeys(ImportOutcome.values, 0) | dict(counted)


class ImportOutcome(models.TextChoices):
    """What came of one id."""

    WAITING = "waiting", "Waiting"
    ADDED = "added", "Added"
    KNOWN = "known", "Was known already"
    NOT_FOUND = "not_found", "Kallglot does not know it"
    FAILED = "failed", "Could not be looked up"
    STOPPED = "stopped", "Import was stopped before"


class ImportItemQuerySet(models.QuerySet):
    def waiting(self) -> "ImportItemQuerySet":
        return self.filter(outcome=ImportOutcome.WAITING)

    def settle(self, outcome: ImportOutcome, session: Session | None = None, reason="") -> int:
        """Say what came of these ids; one that was settled before keeps its outcome."""
        return self.waiting().update(
            outcome=outcome,
            session=session,
            reason=reason,
            next_at=None,
            finished_at=timezone.now(),
        )


class ImportItem(models.Model):
    """One id of an import. Waiting items survive any restart and are taken up again."""

    batch = models.ForeignKey(Import, on_delete=models.CASCADE, related_name="items")
    kallglot_id = models.CharField(max_length=70)
    session = models.ForeignKey(Session, null=True, blank=True, on_delete=models.SET_NULL)
    outcome = models.CharField(
        max_length=20, choices=ImportOutcome, default=ImportOutcome.WAITING, db_index=True
    )
    reason = models.CharField(max_length=40, blank=True)
    attempts = models.PositiveIntegerField(default=0)
    # Not before this moment, after a failure that may pass.
    next_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = ImportItemQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        ordering = ["pk"]
        indexes = [
            models.Index(fields=["batch", "outcome", "id"], name="items_by_outcome"),
            models.Index(fields=["batch", "finished_at"], name="items_by_finish"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["batch", "kallglot_id"], name="id_once_per_import")
        ]

    def __str__(self):
        return f"{self.kallglot_id} {self.outcome}"
