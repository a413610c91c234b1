"""The shape of the house: who imports whom, and what no file of it may hold."""

import ast
import re
import subprocess
from pathlib import Path

import pytest
from django.template import engines

SOURCES = sorted(Path("recordings").rglob("*.py"))
TEMPLATES = sorted(path.relative_to("templates") for path in Path("templates").rglob("*.html"))
# Who of `recordings` may import whom; an arrow may be skipped, never reversed.
FACTS = {"kallglot", "audio", "models", "roles"}
DOING = {*FACTS, "services", "forms", "filters", "permissions", "file_names"}
MAY_IMPORT = {
    "kallglot": {"kallglot"},
    "simulator": {"simulator"},
    "audio": {"audio", "kallglot"},
    "roles": set(),
    "models": {"models", "kallglot", "audio"},
    "file_names": {"models", "audio"},
    "permissions": {"models", "roles"},
    "forms": {*FACTS, "filters", "permissions", "services"},
    "widgets": set(),
    "filters": {*FACTS, "filter_page", "permissions", "services", "widgets"},
    "filter_page": {"services"},
    "services": DOING,
    "context_processors": DOING,
    "admin": DOING,
    "apps": DOING,
    "tasks": DOING,
    "templatetags": DOING,
    "views": {*DOING, "views", "tasks"},
    "urls": {*DOING, "views"},
    "management": {*DOING, "simulator", "management", "tasks"},
    "migrations": {*FACTS, "services"},
}
LONGEST = 350


def imports_of(path: Path) -> set[str]:
    """The full names of all modules a file imports."""
    package = ".".join(path.with_suffix("").parts[:-1])
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parts = package.split(".")
                parts = parts[: len(parts) - node.level + 1]
                base = ".".join([*parts, base] if base else parts)
            found |= {base, *(f"{base}.{alias.name}" for alias in node.names)}
    return found


def part_of(path: Path) -> str:
    return path.parts[1] if len(path.parts) > 2 else path.stem


@pytest.mark.parametrize("path", SOURCES, ids=str)
def test_imports_run_one_way(path):
    allowed = MAY_IMPORT.get(part_of(path), set())
    known = set(MAY_IMPORT)
    used = {
        name.split(".")[1]
        for name in imports_of(path)
        if name.startswith("recordings.") and name.split(".")[1] in known
    }

    assert used <= {*allowed, part_of(path)}


@pytest.mark.parametrize(
    "path", [p for p in SOURCES if part_of(p) in ("kallglot", "simulator")], ids=str
)
def test_the_client_and_the_simulator_know_no_django_and_nothing_of_the_portal(path):
    used = {name.split(".")[0] for name in imports_of(path)}

    assert "django" not in used
    assert "kallglot_portal" not in used


@pytest.mark.parametrize("template", TEMPLATES, ids=str)
def test_every_template_compiles(template):
    engines["django"].get_template(str(template))


def tracked() -> list[Path]:
    """The repository's files, or, without git, those of a source archive."""
    run = subprocess.run(["git", "ls-files", "-z"], capture_output=True, text=True, check=False)
    if run.returncode == 0:
        return [Path(name) for name in run.stdout.split("\0") if name and Path(name).is_file()]
    folders = ("kallglot_portal", "recordings", "templates", "static", "tests", "docs")
    return [path for folder in folders for path in Path(folder).rglob("*") if path.is_file()]


def text_of(path: Path) -> str:
    try:
        return path.read_text()
    except UnicodeDecodeError:
        return ""


CODE = [
    p
    for p in tracked()
    if p.suffix in (".py", ".html", ".css", ".js", ".mjs")
    and not {"vendor", "migrations"} & set(p.parts)
]


@pytest.mark.parametrize("path", CODE, ids=str)
def test_no_file_grows_beyond_what_one_reads_in_a_sitting(path):
    assert len(path.read_text().splitlines()) <= LONGEST


def test_no_file_names_a_place_on_somebodys_machine():
    machine = re.compile(r"(?<![\w.~])/(home|Users|root|work|mnt)/\w")

    assert [str(path) for path in tracked() if machine.search(text_of(path))] == []


def test_no_file_holds_a_live_key():
    key = re.compile(r"\bsk_live_(?!for_checks_only|with|ümlaut|\\n|…|\.\.\.|x+\b)\w{8,}")

    assert [str(path) for path in tracked() if key.search(text_of(path))] == []


def test_every_vendored_file_has_the_checksum_it_is_listed_with():
    import hashlib

    listings = [path for path in tracked() if path.name == "VENDORED.md"]
    vendored = {path.parent for path in tracked() if "vendor" in path.parts}
    assert vendored
    assert {listing.parent for listing in listings} == vendored
    for listing in listings:
        listed = dict(re.findall(r"\| `([^`]+)` \|.*\b([0-9a-f]{64})\b", listing.read_text()))
        assert listed
        present = {p.name for p in listing.parent.iterdir() if p.suffix in (".js", ".css")}
        assert present == set(listed)
        for name, checksum in listed.items():
            content = (listing.parent / name).read_bytes()
            assert hashlib.sha256(content).hexdigest() == checksum
