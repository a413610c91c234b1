"""Plan the first retention check of calls that were looked up by an earlier release."""

from datetime import timedelta

from django.db import migrations
from django.db.models import Count, Min, Q
from django.utils import timezone

_AT_ONCE = 500
_BEFORE_EXPIRY = timedelta(hours=24)


def plan_checks(apps, schema_editor):
    """At once where the expiry of a recording is not known, else a day before the first expiry."""
    Session = apps.get_model("recordings", "Session")
    now = timezone.now()
    kept = apps.get_model("recordings", "Recording").objects.filter(gone_since=None)
    kept = kept.exclude(status__in=("processing", "failed")).exclude(expires_at__lte=now)
    calls = kept.filter(session__next_check_at=None).order_by().values("session")
    planned = [
        Session(
            pk=call["session"],
            next_check_at=now if call["unknown"] else max(now, call["first"] - _BEFORE_EXPIRY),
        )
        for call in calls.annotate(
            unknown=Count("pk", filter=Q(expires_at=None)), first=Min("expires_at")
        )
    ]
    Session.objects.bulk_update(planned, ["next_check_at"], batch_size=_AT_ONCE)


class Migration(migrations.Migration):
    dependencies = [
        ("recordings", "0028_unclear_calls"),
    ]

    operations = [
        migrations.RunPython(plan_checks, migrations.RunPython.noop, elidable=True),
    ]
