"""What an account that is deleted leaves of its notes."""

from importlib import import_module

import pytest
from django.apps import apps
from django.contrib.auth import get_user_model

from recordings.models import Note
from tests.conftest import CALL
from tests.factories import make_session
from tests.noting import ROOM, left, words

pytestmark = pytest.mark.django_db


@pytest.fixture
def known(db):
    return make_session(CALL, duration=60)


def test_private_notes_go_with_the_account_and_the_teams_stay(clients, known, people):
    leaving, staying = people["reviewer"], people["lead"]
    shared = left(clients["reviewer"], text="for all")
    left(clients["reviewer"], text="mine alone", private="on")
    other = left(clients["lead"], text="the lead's", private="on")

    answer = clients["administrator"].post(
        f"/admin/auth/user/{leaving.pk}/delete/", {"post": "yes"}, follow=True
    )

    assert answer.status_code == 200
    assert not get_user_model().objects.filter(pk=leaving.pk).exists()
    kept = Note.objects.order_by("pk").values_list("pk", "author", "author_name")
    assert list(kept) == [(shared.pk, None, "reviewer"), (other.pk, staying.pk, "lead")]
    assert words(clients["administrator"].get(ROOM)) == ["for all"]


def test_the_upgrade_removes_private_notes_left_behind(clients, known):
    shared = left(clients["reviewer"], text="for all")
    mine = left(clients["lead"], text="the lead's", private="on")
    behind = left(clients["reviewer"], text="nobody sees it", private="on")
    Note.objects.filter(pk__in=[shared.pk, behind.pk]).update(author=None)
    migration = import_module("recordings.migrations.0021_private_notes_go_with_the_account")

    migration.remove_left_behind(apps, None)

    assert set(Note.objects.values_list("pk", flat=True)) == {shared.pk, mine.pk}
