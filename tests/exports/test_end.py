"""How an export ends: its time, what is gone or not to be seen any more, workers that die."""

from datetime import timedelta

import pytest
from django.utils import timezone

from recordings.models import (
    Export,
    ExportState,
    Lease,
    Recording,
    Session,
)
from recordings.services import exporting, listening, pruning, zipping
from tests.conftest import CALL

from .asking import ask_for_zip, fetched, make_zip


def test_a_zip_is_gone_after_a_day(clients, call):
    export = make_zip(clients["lead"], CALL)
    assert timedelta(hours=23) < export.remove_at - timezone.now() <= timedelta(hours=24)
    pruning.prune()
    assert exporting.path(export).exists()

    Export.objects.update(remove_at=timezone.now())
    assert clients["lead"].get(f"/exports/{export.pk}/download").status_code == 410
    pruning.prune()

    assert not exporting.path(export).exists()
    export.refresh_from_db()
    assert export.state == ExportState.REMOVED
    assert "kept for a day" in clients["lead"].get(f"/exports/{export.pk}/").text


def test_a_zip_never_outlives_a_recording_in_it(clients, call):
    soon = timezone.now() + timedelta(hours=1)
    Recording.objects.filter(channel="agent").update(expires_at=soon)

    export = make_zip(clients["lead"], CALL)

    assert export.remove_at == soon


@pytest.mark.parametrize("change", [{"gone_since": timezone.now()}, {"expires_at": timezone.now()}])
def test_a_recording_that_is_gone_takes_the_zip_along(change, clients, call):
    export = make_zip(clients["lead"], CALL)
    Recording.objects.filter(channel="agent").update(**change)

    assert clients["lead"].get(f"/exports/{export.pk}/download").status_code == 410
    pruning.prune()
    assert not exporting.path(export).exists()


def test_a_call_that_became_another_teams_is_not_downloaded(clients, call, other_team):
    export = make_zip(clients["lead"], CALL)
    Session.objects.update(team=other_team)

    assert clients["lead"].get(f"/exports/{export.pk}/download").status_code == 410


def test_pruning_leaves_exports_and_audio_apart(clients, call):
    export = make_zip(clients["lead"], CALL)
    stray = exporting.folder() / "4711.zip"
    stray.write_bytes(b"x")

    pruning.prune()

    assert not stray.exists()
    assert exporting.path(export).exists()
    assert len(list(listening.relay().store.all_keys())) == 3


def test_a_zip_that_was_being_made_is_made_anew(clients, call):
    ask_for_zip(clients["lead"], CALL)
    export = Export.objects.get()
    exporting.folder().mkdir(parents=True)
    left_over = exporting.part(export, "else:1:x")
    left_over.write_bytes(b"half a file" * 100_000)
    Export.objects.update(state=ExportState.RUNNING, done=2)

    with Lease.take("exporting"):
        zipping.make_waiting()
    assert Export.objects.get().state == ExportState.RUNNING
    zipping.make_waiting()

    archive = fetched(clients["lead"], Export.objects.get())
    assert archive.testzip() is None
    pruning.prune()
    assert not left_over.exists()


def test_an_export_whose_person_is_gone_leaves_nothing(clients, people, call):
    ask_for_zip(clients["lead"], CALL)
    people["lead"].groups.clear()

    zipping.make_waiting()

    assert Export.objects.get().reason == "not_allowed"
    assert list(exporting.folder().glob("*")) == [] if exporting.folder().exists() else True


def test_the_oldest_zip_makes_room_for_a_new_one(clients, call, settings):
    first = make_zip(clients["lead"], CALL, channel=["mixed"])
    settings.EXPORTS_MAX_BYTES = int(first.size * 2.5)
    second = make_zip(clients["lead"], CALL, channel=["mixed"])
    third = make_zip(clients["lead"], CALL, channel=["mixed"])

    first.refresh_from_db()
    assert first.state == ExportState.REMOVED
    assert not exporting.path(first).exists()
    for export in (second, third):
        assert fetched(clients["lead"], export).testzip() is None


def test_a_zip_that_alone_is_too_large_is_refused_politely(clients, call, settings):
    settings.EXPORTS_MAX_BYTES = 100

    export = make_zip(clients["lead"], CALL)

    assert (export.state, export.reason) == (ExportState.FAILED, "exports_full")
    page = clients["lead"].get(f"/exports/{export.pk}/")
    assert "Please choose fewer calls." in page.text
    assert not list(exporting.folder().iterdir())
