"""Webhooks of calls that Kallglot's API does not know yet."""

from datetime import timedelta

import pytest
from django.utils import timezone

from recordings.models import Session
from recordings.services import refreshing
from recordings.simulator import make_call, noise


@pytest.fixture
def stub(vendor, db):
    """The row that a webhook made of a call unknown to the API."""
    return Session.objects.create(kallglot_id="sess_early", next_refresh_at=timezone.now())


def known_for(stub, **age):
    now = timezone.now()
    Session.objects.filter(pk=stub.pk).update(
        first_seen=now - timedelta(**age), next_refresh_at=now
    )


@pytest.mark.parametrize(
    ("age", "wait"),
    [
        ({"seconds": 1}, timedelta(minutes=1)),
        ({"minutes": 5}, timedelta(minutes=5)),
        ({"minutes": 20}, timedelta(minutes=20)),
        ({"hours": 23}, timedelta(hours=1)),
    ],
)
def test_a_call_not_known_yet_is_asked_about_ever_later(age, wait, stub):
    known_for(stub, **age)

    refreshing.refresh_due()

    due = Session.objects.get().next_refresh_at
    assert abs(due - timezone.now() - wait) < timedelta(seconds=10)


def test_after_a_day_the_row_is_dropped(stub):
    known_for(stub, hours=24)

    refreshing.refresh_due()

    assert not Session.objects.exists()


def test_the_row_says_so_until_the_api_knows_the_call(stub, vendor, clients):
    refreshing.refresh_due()
    assert "Not looked up yet</span>" in clients["reviewer"].get("/").text

    vendor.add_call(make_call("sess_early", {"mixed": noise(4000)}))
    known_for(stub, minutes=1)
    refreshing.refresh_due()

    session = Session.objects.get()
    assert session.recordings.count() == 1
    assert "Ready</span>" in clients["reviewer"].get("/").text
