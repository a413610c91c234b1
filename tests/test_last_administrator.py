"""Under /admin/ no change is possible that leaves the portal without an administrator."""

import pytest
from django.contrib.auth.models import Group, User
from django.contrib.messages import get_messages
from django.test import Client

from recordings.roles import ADMINISTRATOR, REVIEWER

USERS, GROUPS = "/admin/auth/user/", "/admin/auth/group/"


@pytest.fixture
def ada(person):
    """The only administrator."""
    return person("ada", ADMINISTRATOR)


@pytest.fixture
def client(ada):
    client = Client()
    client.force_login(ada)
    return client


def form(user, **changed):
    """The fields of the form of `user`, with some of them changed; None leaves a box empty."""
    fields = {
        "username": user.username,
        "is_active": "on",
        "groups": [group.pk for group in user.groups.all()],
        "date_joined_0": "2026-01-01",
        "date_joined_1": "00:00:00",
        **changed,
    }
    return {name: value for name, value in fields.items() if value is not None}


def change(client, user, **changed):
    return client.post(f"{USERS}{user.pk}/change/", form(user, **changed))


def delete(client, address, number):
    return client.post(f"{address}{number}/delete/", {"post": "yes"})


def delete_in_the_list(client, address, *numbers):
    data = {"action": "delete_selected", "_selected_action": numbers, "post": "yes"}
    return client.post(address, data)


def ways(client, ada):
    """Every way to lose the last administrator."""
    unset = {"usable_password": "false", "unset-password": "1"}
    role = Group.objects.get(name=ADMINISTRATOR)
    yield lambda: change(client, ada, is_active=None)
    yield lambda: change(client, ada, groups=[])
    yield lambda: change(client, ada, groups=[Group.objects.get(name=REVIEWER).pk])
    yield lambda: client.post(f"{USERS}{ada.pk}/password/", unset)
    yield lambda: delete(client, USERS, ada.pk)
    yield lambda: delete_in_the_list(client, USERS, *User.objects.values_list("pk", flat=True))
    yield lambda: client.post(f"{GROUPS}{role.pk}/change/", {"name": ADMINISTRATOR})
    yield lambda: delete(client, GROUPS, role.pk)
    yield lambda: delete_in_the_list(client, GROUPS, role.pk)


def test_the_last_administrator_stays(client, ada, person):
    person("rosa", REVIEWER)
    gone = person("gone", ADMINISTRATOR)
    gone.is_active = False
    gone.save()
    for way in ways(client, ada):
        answer = way()

        assert answer.status_code == 409
        assert "no administrator left" in answer.text
        assert not list(get_messages(answer.wsgi_request))
        assert client.get(USERS).status_code == 200
        assert User.objects.count() == 3
        assert Group.objects.count() == 3


def test_one_of_two_administrators_may_go(client, ada, person):
    second = person("second", ADMINISTRATOR)

    assert change(client, second, is_active=None).status_code == 302
    second.refresh_from_db()
    assert not second.is_active
    assert change(client, second).status_code == 302
    assert change(client, ada, groups=[]).status_code == 302
    assert client.get(USERS).status_code == 404


def test_a_superuser_is_an_administrator(client, ada, django_user_model):
    django_user_model.objects.create_superuser("root", password="x")

    assert delete(client, USERS, ada.pk).status_code == 302
    assert not User.objects.filter(pk=ada.pk).exists()


def test_everything_else_works_as_before(client, ada, person):
    rosa = person("rosa", REVIEWER)

    assert change(client, rosa, first_name="Rosa").status_code == 302
    assert change(client, rosa, date_joined_0="x").status_code == 200
    assert client.get(f"{USERS}{rosa.pk}/change/").status_code == 200
    assert delete_in_the_list(client, USERS, rosa.pk).status_code == 302
    assert set(User.objects.all()) == {ada}
