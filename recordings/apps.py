"""The portal's one Django application."""

from django.apps import AppConfig


class RecordingsConfig(AppConfig):
    name = "recordings"
