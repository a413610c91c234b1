"""Queries that are composed once say what the composed ones say, and a range asks few of them."""

from datetime import timedelta

import pytest
from django.contrib.auth import get_user
from django.contrib.sessions.models import Session as SignIn
from django.db import connection
from django.forms.models import model_to_dict
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from recordings.models import Recording
from recordings.services import listening

REC = "rec_known_mixed"
AUDIO = f"/recordings/{REC}/audio"
ROLES = ("stranger", "reviewer", "lead", "administrator")


def facts(row):
    return row and {field.attname: getattr(row, field.attname) for field in row._meta.fields}


@pytest.mark.parametrize("team", ["none", "own", "other"])
def test_one_recording_is_seen_by_those_who_see_its_call(call, people, other_team, team):
    if team != "none":
        call.team = other_team
        call.save()
    if team == "own":
        other_team.members.set([people["reviewer"], people["stranger"]])
    Recording.objects.update(last_error_at=timezone.now(), audio_length=7)
    for role in ROLES:
        # As a request finds them, without anything remembered.
        user = type(people[role]).objects.get(pk=people[role].pk)
        named = Recording.objects.visible_to(user).filter(kallglot_id=REC)
        found = Recording.objects.one_visible_to(user, REC)
        assert (found is None, facts(found)) == (not named.exists(), facts(named.first())), role
        assert Recording.objects.one_visible_to(user, "rec_unheardof") is None


def test_a_deactivated_person_sees_nothing(call, people):
    people["administrator"].is_active = False
    assert Recording.objects.one_visible_to(people["administrator"], REC) is None


def test_the_person_of_a_request_is_the_person_on_record(people, clients):
    request = RequestFactory().get("/")
    request.session = clients["lead"].session
    person = get_user(request)
    assert facts(person) == facts(people["lead"].__class__.objects.get(username="lead"))
    assert model_to_dict(person)["groups"] == list(people["lead"].groups.all())


def test_a_session_that_is_over_is_nobodys(call, clients):
    assert len(clients["lead"].get(AUDIO).getvalue()) == 10_000
    SignIn.objects.update(expire_date=timezone.now() - timedelta(seconds=1))
    assert clients["lead"].get(AUDIO).status_code == 401


def test_a_session_counts_as_its_row_says_now(call, clients):
    """Its signature is checked once per text; another text is another check."""
    assert clients["lead"].head(AUDIO).status_code == 200
    row = SignIn.objects.get(session_key=clients["lead"].cookies["sessionid"].value)
    signed = row.session_data
    for text in (signed[:-1] + "-!"[signed[-1] == "-"], "!" + signed[1:], ""):
        SignIn.objects.update(session_data=text)
        assert clients["lead"].head(AUDIO).status_code == 401, text
    SignIn.objects.update(session_data=signed)
    assert clients["lead"].head(AUDIO).status_code == 200


def test_a_range_of_a_playback_under_way_asks_four_questions(call, clients):
    """The session, the person, the rights, the recording: each anew, and nothing besides."""
    listening.prefetch(Recording.objects.get(kallglot_id=REC))
    clients["lead"].get(AUDIO, headers={"range": "bytes=0-"}).getvalue()
    with CaptureQueriesContext(connection) as asked:
        answer = clients["lead"].get(AUDIO, headers={"range": "bytes=5000-"})
        answer.getvalue()
    assert answer.status_code == 206
    tables = ("django_session", "auth_user", "auth_permission", "recordings_recording")
    assert len(asked) == len(tables)
    for query, table in zip(asked, tables, strict=True):
        assert table in query["sql"]
