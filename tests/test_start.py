"""What a start has to do again, and what it may skip."""

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection

from kallglot_portal.done_before import COLLECT, MIGRATE, pending, remember

pytestmark = pytest.mark.django_db


@pytest.fixture
def folders(settings, tmp_path):
    """A small project's static files, collected, and the folder of the records."""
    source, records = tmp_path / "source", tmp_path / "records"
    source.mkdir()
    records.mkdir()
    (source / "one.css").write_text("a{}")
    settings.STATICFILES_DIRS = [source]
    settings.STATIC_ROOT = tmp_path / "collected"
    settings.STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.FileSystemFinder"]
    collect(records)
    remember(records, MIGRATE)
    assert pending(records) == []
    return source, records


def collect(records):
    call_command("collectstatic", "--no-input", verbosity=0)
    remember(records, COLLECT)


def test_the_first_start_does_everything(settings, tmp_path):
    settings.STATIC_ROOT = tmp_path / "collected"
    assert pending(tmp_path) == [MIGRATE, COLLECT]


@pytest.mark.parametrize("change", ["edited", "added", "removed"])
def test_a_changed_source_is_collected(folders, change):
    source, records = folders
    if change == "removed":
        (source / "one.css").unlink()
    else:
        (source / ("one.css" if change == "edited" else "two.css")).write_text("b{}")
    assert pending(records) == [COLLECT]
    collect(records)
    assert pending(records) == []


@pytest.mark.parametrize("harm", ["shortened", "removed", "all removed"])
def test_harmed_static_files_are_collected_again(folders, settings, harm):
    _, records = folders
    if harm == "all removed":
        (settings.STATIC_ROOT / "staticfiles.json").unlink()
    else:
        (collected,) = settings.STATIC_ROOT.glob("one.*.css")
        collected.unlink() if harm == "removed" else collected.write_text("")
    assert pending(records) == [COLLECT]


def test_a_missing_migration_is_applied(folders):
    """The database was restored from a backup of an earlier release."""
    _, records = folders
    with connection.cursor() as cursor:
        cursor.execute("SELECT MAX(id) FROM django_migrations WHERE app = 'recordings'")
        cursor.execute("DELETE FROM django_migrations WHERE id = %s", cursor.fetchone())
    assert pending(records) == [MIGRATE]


def test_another_database_is_migrated(folders, monkeypatch):
    _, records = folders
    monkeypatch.setitem(settings.DATABASES["default"], "HOST", "other.example")
    assert pending(records) == [MIGRATE]


@pytest.mark.parametrize("change", ["our code", "a package"])
def test_changed_code_does_everything_again(folders, settings, tmp_path, monkeypatch, change):
    _, records = folders
    if change == "our code":
        copy = tmp_path / "project" / "recordings" / "migrations"
        copy.mkdir(parents=True)
        (copy / "9999_more.py").write_text("")
        settings.BASE_DIR = tmp_path / "project"
    else:
        (tmp_path / "thing-2.dist-info").mkdir()
        (tmp_path / "thing-2.dist-info" / "RECORD").write_text("thing.py,sha256=1,1")
        monkeypatch.syspath_prepend(str(tmp_path))
    assert pending(records) == [MIGRATE, COLLECT]
