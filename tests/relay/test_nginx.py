"""Beside Debian's nginx: the same answers to the same ranges, and nginx as the sender of files."""

import random
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from recordings.models import AuditEvent
from recordings.simulator import noise
from tests.ports import reserve_port

from .asking import ask, eventually
from .portal import Portal

_ROOT = Path(__file__).resolve().parent.parent.parent
N = 10_000
TIMES = 1500
INTERNAL = "/protected-audio/"

_CONFIGURATION = """
daemon off; master_process off; pid {folder}/nginx.pid; error_log {folder}/error.log;
user root;
events {{ worker_connections 512; }}
http {{
  access_log off; default_type audio/mpeg;
  client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c;
  uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;
  server {{
    listen 127.0.0.1:{port} reuseport;
    location /static-file/ {{ alias {folder}/files/; }}
    {block}
    location / {{ proxy_pass http://127.0.0.1:{behind}; proxy_set_header Host $http_host; }}
  }}
}}
"""


def documented_block(audio_dir: Path) -> str:
    """The location that our own document tells administrators to write."""
    text = (_ROOT / "docs/decisions/0013-audio-is-fetched-once.md").read_text()
    start = text.index(f"    location {INTERNAL} {{")
    block = text[start : text.index("    }\n", start) + 6]
    assert "/srv/portal/audio/" in block
    return block.replace("/srv/portal/audio/", f"{audio_dir}/")


@pytest.fixture(scope="module")
def portal_behind(kallglot, tmp_path_factory, django_db_blocker, django_db_setup, static_files):
    """A portal that leaves whole files to nginx."""
    folder = tmp_path_factory.mktemp("behind")
    portal = Portal(folder, kallglot, django_db_blocker, X_ACCEL_REDIRECT=INTERNAL)
    portal.prepare()
    portal.start()
    yield portal
    portal.stop()


@pytest.fixture(scope="module")
def nginx(portal_behind, tmp_path_factory):
    """nginx in front of that portal, with a folder of its own besides: its port and folder."""
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    assert program, "nginx is missing: apt-get install nginx-light"
    folder = tmp_path_factory.mktemp("nginx")
    (folder / "files").mkdir()
    told = {"folder": folder, "port": reserve_port(), "behind": portal_behind.port}
    told |= {"block": documented_block(portal_behind.audio_dir)}
    (folder / "nginx.conf").write_text(_CONFIGURATION.format(**told))
    command = [program, "-e", str(folder / "error.log"), "-c", str(folder / "nginx.conf")]
    process = subprocess.Popen(command)

    def answers():
        try:
            return ask(told["port"], "/healthz").status == 200
        except OSError:
            return False

    try:
        assert eventually(answers), (folder / "error.log").read_text()
        yield told["port"], folder
    finally:
        process.terminate()
        process.wait(10)


def random_line(dice: random.Random) -> str:
    """A Range header, mostly well formed, near the ends and the middle of N bytes."""

    def number():
        return str(
            dice.choice(
                [
                    dice.randrange(N + 20),
                    dice.randrange(5),
                    N + dice.randrange(-3, 4),
                    dice.randrange(10**6),
                    10 ** dice.randrange(5, 18),
                ]
            )
        )

    form = dice.randrange(12)
    first, last = number(), number()
    if form < 5:
        first, last = sorted((first, last), key=int)
        return f"bytes={first}-{last}"
    lines = {
        5: f"bytes={first}-{last}",
        6: f"bytes={first}-",
        7: f"bytes=-{first}",
        8: f"bytes= {first}-{last}",
        9: f"Bytes={first}-",
        10: dice.choice(
            ["bytes=", "bytes", "items=0-4", "bytes=-", "bytes=a-b", "bytes=5", "=0-1"]
        ),
        11: f"bytes={first}-{last},{number()}-",
    }
    return lines[form]


def both(portal, nginx, sound, line):
    ours = portal.ask(sound.download, Range=line)
    theirs = ask(nginx[0], "/static-file/same", headers={"Range": line})
    return ours, theirs


def test_random_ranges_are_answered_as_nginx_answers_them(portal, nginx):
    """Status, Content-Range and bytes are the same, with these differences:

    - several ranges: nginx answers multipart/byteranges or merges them, we send the whole, which
      RFC 9110 section 14.2 allows; of lists of which nothing can be had both say 416;
    - the bodies of a 416 are each server's own short text.
    """
    sound = portal.sound(noise(N))
    assert portal.ask(sound.download).body == sound.bytes
    assert eventually(lambda: sound.is_cached)
    (nginx[1] / "files" / "same").write_bytes(sound.bytes)
    dice = random.Random(20)
    lines = [random_line(dice) for _ in range(TIMES)]
    with ThreadPoolExecutor(8) as pool:
        answers = pool.map(lambda line: both(portal, nginx, sound, line), lines)
        statuses = {200: 0, 206: 0, 416: 0}
        for line, (ours, theirs) in zip(lines, answers, strict=True):
            statuses[ours.status] += 1
            if ours.status == 416:
                assert (theirs.status, theirs.headers["Content-Range"]) == (
                    416,
                    ours.headers["Content-Range"],
                ), line
            elif "," in line and ours.status == 200:
                assert ours.body == sound.bytes, line
                assert theirs.status in (200, 206), line
            else:
                assert ours.part == theirs.part, line
    assert min(statuses.values()) > TIMES / 20, statuses


def test_nginx_sends_whole_files_by_itself(portal_behind, nginx):
    sound = portal_behind.sound(noise(3 * 2**20))
    first = portal_behind.ask(sound.download)
    assert first.body == sound.bytes
    assert eventually(lambda: sound.is_cached)
    # Without nginx in front the portal itself would send an empty body and a header for nginx.
    bare = portal_behind.ask(sound.download)
    entry = Path(sound.entry.name) / "audio"
    assert (bare.body, bare.headers["X-Accel-Redirect"]) == (b"", f"{INTERNAL}{entry}")

    answer = ask(nginx[0], sound.download, headers=portal_behind.headers())
    assert (answer.status, answer.whole, answer.body) == (200, True, sound.bytes)
    assert answer.headers["X-Accel-Redirect"] is None
    assert answer.headers["Content-Length"] == str(len(sound.bytes))
    assert answer.headers["Content-Type"] == "audio/mpeg"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert answer.headers["ETag"] == first.headers["ETag"]
    for name in (
        "X-Content-Type-Options",
        "Content-Security-Policy",
        "Cross-Origin-Resource-Policy",
        "Referrer-Policy",
        "X-Frame-Options",
    ):
        assert answer.headers[name] == first.headers[name]

    part = ask(nginx[0], sound.audio, headers={**portal_behind.headers(), "Range": "bytes=7-99"})
    assert (part.status, part.body) == (206, sound.bytes[7:100])
    assert part.headers["Content-Range"] == f"bytes 7-99/{len(sound.bytes)}"


def random_conditions(dice: random.Random, etag: str) -> dict[str, str]:
    """Conditions beside a Range, true and untrue ones."""
    tags = [etag, '"other"', f"W/{etag}", "*"]
    dates = ["Wed, 21 Oct 2015 07:28:00 GMT", "Wed, 21 Oct 2065 07:28:00 GMT", "no date"]
    choices = {
        "If-Range": [etag, '"other"', f"W/{etag}", *dates],
        "If-None-Match": tags,
        "If-Match": tags,
        "If-Modified-Since": dates,
        "If-Unmodified-Since": dates,
    }
    names = dice.sample(list(choices), dice.choice([0, 0, 1, 1, 2]))
    return {name: dice.choice(choices[name]) for name in names}


def test_ranges_and_conditions_are_the_same_from_nginx_as_from_the_portal(
    portal, portal_behind, nginx
):
    """Of a list of ranges both send the whole."""
    sounds = [one.sound(noise(N)) for one in (portal, portal_behind)]
    tags = []
    for one, sound in zip((portal, portal_behind), sounds, strict=True):
        tags.append(one.ask(sound.download, "HEAD").headers["ETag"])
        one.ask(sound.download)
        assert eventually(lambda sound=sound: sound.is_cached)
    dice = random.Random(7)
    by_nginx = 0
    for number in range(TIMES // 5):
        line = {"Range": random_line(dice)} if number % 5 else {}
        seed = dice.random()
        ours, theirs = (line | random_conditions(random.Random(seed), tag) for tag in tags)
        mine = ask(portal.port, sounds[0].download, headers=portal.headers() | ours)
        told = portal_behind.headers() | theirs
        from_nginx = ask(nginx[0], sounds[1].download, headers=told)
        assert mine.part == from_nginx.part, ours
        accel = ask(portal_behind.port, sounds[1].download, headers=told)
        by_nginx += "X-Accel-Redirect" in accel.headers
    assert by_nginx > TIMES / 20


def test_a_player_gets_its_ranges_from_nginx(portal_behind, nginx):
    sound = portal_behind.sound(noise(3 * 2**20))
    assert portal_behind.ask(sound.download).body == sound.bytes
    assert eventually(lambda: sound.is_cached)
    told = portal_behind.headers() | {"Range": "bytes=5-"}
    assert portal_behind.ask(sound.audio, Range="bytes=5-").headers["X-Accel-Redirect"]
    answer = ask(nginx[0], sound.audio, headers=told)
    assert (answer.status, answer.body) == (206, sound.bytes[5:])
    with portal_behind.database():
        rows = AuditEvent.objects.filter(recording_id_text=sound.id, action="play")
        assert rows.count() == 1


def test_nginx_gives_nothing_without_the_right(portal_behind, nginx):
    sound = portal_behind.sound(noise(N))
    assert portal_behind.ask(sound.download).body == sound.bytes
    assert eventually(lambda: sound.is_cached)
    for person, status in ((None, 401), ("stranger", 404), ("reviewer", 403)):
        answer = ask(nginx[0], sound.download, headers=portal_behind.headers(person))
        assert answer.status == status
        assert sound.bytes[:20] not in answer.body
    inside = f"{INTERNAL}{sound.entry.name}/audio"
    for path in (inside, inside.replace("-audio", "%2Daudio"), f"/x/..{inside}"):
        answer = ask(nginx[0], path, headers=portal_behind.headers())
        assert answer.status == 404
        assert sound.bytes[:20] not in answer.body
