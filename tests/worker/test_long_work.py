"""Imports and ZIPs in the real worker: killed in the middle, told to wait, and whole in the end."""

import hashlib
import zipfile

from django.contrib.auth.models import Group, User

from recordings.models import Export, ExportState, ImportItem, ImportOutcome, Recording, Session
from recordings.roles import LEAD
from recordings.services import exporting, importing
from recordings.simulator import make_call, noise
from tests.factories import make_recording, make_session
from tests.relay.asking import eventually

CALLS = 20


def lead() -> User:
    user, _ = User.objects.get_or_create(username="lead")
    user.groups.add(Group.objects.get(name=LEAD))
    return user


def ask_for_zip(house, size: int = 50_000, calls: int = 6) -> int:
    """A ZIP of calls that nobody has heard yet; its number."""
    with house.database():
        numbers = []
        for n in range(calls):
            call = make_call(f"sess_z{n}", {"mixed": noise(size)})
            house.vendor.add_call(call)
            session = make_session(call.id)
            make_recording(session, call.recordings[0].id, size=size)
            numbers.append(session.pk)
        wanted = {"user": lead(), "session_ids": numbers, "channels": ["mixed"]}
        return Export.objects.create(**wanted).pk


def is_ready(number: int):
    return lambda: Export.objects.get(pk=number).state == ExportState.READY


def test_an_import_killed_in_the_middle_loses_and_doubles_nothing(house):
    ids = [f"sess_k{n}" for n in range(CALLS)]
    for session_id in ids:
        house.vendor.add_call(make_call(session_id, {"mixed": noise(300)}))
    house.vendor.options.update({"latency_ms": 150})
    with house.database():
        batch = importing.create(lead(), [*ids, "sess_nobody"])
    house.start_worker()
    house.until(lambda: batch.counts()["added"] >= 3)

    house.kill("worker")
    with house.database():
        done = batch.counts()["added"]
        assert done < CALLS
    house.vendor.options.update({"latency_ms": 0})
    house.start_worker()

    house.until(lambda: batch.is_done)
    with house.database():
        outcomes = dict(batch.items.values_list("kallglot_id", "outcome"))
        assert outcomes.pop("sess_nobody") == ImportOutcome.NOT_FOUND
        # What was stored but not yet ticked off when the worker died is known by now.
        assert set(outcomes.values()) <= {ImportOutcome.ADDED, ImportOutcome.KNOWN}
        assert list(outcomes.values()).count(ImportOutcome.KNOWN) <= 1
        assert Session.objects.count() == Recording.objects.count() == CALLS
    asked = [r.path.rpartition("/")[2] for r in house.vendor.requests]
    assert sum(asked.count(session_id) for session_id in ids) <= CALLS + 1


def test_the_command_ended_in_the_middle_is_finished_by_the_worker(house):
    ids = [f"sess_c{n}" for n in range(CALLS)]
    for session_id in ids:
        house.vendor.add_call(make_call(session_id, {"mixed": noise(300)}))
    file = house.folder / "ids.txt"
    file.write_text("\n".join(ids))
    house.vendor.options.update({"latency_ms": 150})
    command = house.manage("import_sessions", str(file))
    house.until(lambda: ImportItem.objects.filter(outcome=ImportOutcome.ADDED).count() >= 2)
    command.kill()
    told = command.communicate()[0]
    assert f"{CALLS} ids, about" in told
    assert f"1 of {CALLS}: 1 added" in told
    house.vendor.options.update({"latency_ms": 0})

    house.start_worker()

    house.until(lambda: Recording.objects.count() == CALLS)
    house.until(lambda: not ImportItem.objects.waiting().exists())


def test_a_zip_killed_in_the_middle_is_made_anew_and_never_half(house, settings):
    number = ask_for_zip(house)
    house.vendor.options.update({"bandwidth": 60_000})
    whole = house.audio_dir / ".exports" / f"{number}.zip"
    house.start_worker()
    house.until(lambda: Export.objects.get(pk=number).done >= 2)
    assert list(whole.parent.glob("*.part"))
    assert not whole.exists()

    house.kill("worker")
    house.vendor.options.update({"bandwidth": 0})
    house.start_worker()

    house.until(is_ready(number))
    with zipfile.ZipFile(whole) as archive:
        assert archive.testzip() is None
        assert len(archive.namelist()) == 7
        for session in range(6):
            recording = house.vendor.recording(f"rec_z{session}_mixed")[0]
            content = b"".join(bytes(b) for b in recording.audio.blocks(0, recording.audio.size))
            digest = hashlib.sha256(content).hexdigest()
            assert digest in archive.read("manifest.csv").decode()
    settings.AUDIO_DIR = house.audio_dir
    with house.database():
        exporting.remove_old()
    assert list(whole.parent.iterdir()) == [whole]
    # Only what was on its way is fetched twice.
    assert house.vendor.requests.count("/audio") <= 7
    with house.database():
        from recordings.models import AuditEvent

        told = AuditEvent.objects.filter(reason=f"zip {number}")
        assert told.count() == 7


def test_a_pause_of_kallglot_only_delays_a_zip(house):
    number = ask_for_zip(house, size=500, calls=3)
    house.vendor.faults.add("status", "/audio", status=429, retry_after=2, skip=1, times=1)

    house.start_worker()

    house.until(is_ready(number))
    with house.database():
        assert Export.objects.get(pk=number).left_out == []
    assert eventually(lambda: house.vendor.requests.count("/audio") == 4)
