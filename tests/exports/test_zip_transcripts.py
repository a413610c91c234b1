"""A ZIP that holds a call's transcript: who may still have it, and what the trail says of it."""

from importlib import import_module

import pytest
from django.apps import apps
from django.utils import timezone

from recordings.models import AuditEvent, Export, ExportState, Session, Transcript, Turn
from recordings.services import audit, zipping
from tests.conftest import CALL
from tests.factories import make_session

SILENT = "sess_silent"


@pytest.fixture
def written(db):
    """A call without recordings, with a transcript."""
    session = make_session(SILENT)
    transcript = Transcript.objects.create(session=session, fetched_at=timezone.now())
    Turn.objects.create(
        transcript=transcript, position=0, speaker="agent", text="Guten Tag", start=1
    )
    return session


@pytest.fixture
def make_zip(people):
    """Makes a lead's ZIP of the mixed recordings and the transcripts of calls."""

    def make(*sessions) -> Export:
        export = Export.objects.create(
            user=people["lead"],
            session_ids=[session.pk for session in sessions],
            channels=["mixed"],
            transcript_text="both",
        )
        zipping.make_waiting()
        export.refresh_from_db()
        assert export.state == ExportState.READY
        return export

    return make


def status(client, export: Export) -> int:
    answer = client.get(f"/exports/{export.pk}/download")
    answer.getvalue()
    return answer.status_code


@pytest.mark.parametrize("moved", [CALL, SILENT])
def test_a_call_that_became_another_teams_is_not_sent_in_writing_either(
    moved, call, written, make_zip, clients, other_team
):
    export = make_zip(call, written)
    assert status(clients["lead"], export) == 200

    Session.objects.filter(kallglot_id=moved).update(team=other_team)

    assert status(clients["lead"], export) == 410
    assert "Download the ZIP" not in clients["lead"].get(f"/exports/{export.pk}/").text


def test_a_call_of_which_it_holds_nothing_is_no_reason_to_refuse(
    call, make_zip, clients, other_team
):
    empty = make_session("sess_empty")
    export = make_zip(call, empty)

    Session.objects.filter(pk=empty.pk).update(team=other_team)

    assert status(clients["lead"], export) == 200


def test_the_trail_names_a_call_of_which_the_transcript_alone_left(call, written, make_zip):
    export = make_zip(call, written)

    rows = AuditEvent.objects.filter(reason=f"zip {export.pk}").order_by("pk")
    assert list(rows.values_list("session_id_text", "recording_id_text")) == [
        ("", ""),
        (CALL, "rec_known_mixed"),
        (SILENT, ""),
    ]
    assert audit.check() == ""


def test_a_zip_from_before_is_sent_only_while_all_chosen_calls_are_visible(
    written, make_zip, clients, other_team
):
    export = make_zip(written)
    Export.objects.update(held_session_ids=[])

    import_module("recordings.migrations.0016_calls_in_zips").take_all_chosen(apps, None)

    assert status(clients["lead"], export) == 200
    Session.objects.filter(pk=written.pk).update(team=other_team)
    assert status(clients["lead"], export) == 410
