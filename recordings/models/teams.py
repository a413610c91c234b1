"""Teams: which people may see which calls."""

from django.conf import settings
from django.db import models


class Team(models.Model):
    """A group of colleagues. A call that belongs to a team is seen by its members only."""

    name = models.CharField(max_length=80, unique=True)
    members = models.ManyToManyField(settings.AUTH_USER_MODEL, blank=True, related_name="teams")

    class Meta:
        ordering = ["name"]

    def __str__(self):
        return self.name
