"""Firefox and WebKitGTK for the tests, headless, through what they bring along themselves.

Playwright drives builds of its own of these two, and Debian has no geckodriver. But Firefox speaks
WebDriver's commands over a socket (Marionette), and WebKitGTK's driver takes them over HTTP.
"""

import json
import os
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

PATIENCE_S = 60
WINDOW = (1400, 850)
_NEEDS = {
    "Firefox": ("firefox-esr", "pulseaudio"),
    "WebKitGTK": ("WebKitWebDriver", "Xvfb", "pulseaudio"),
}
# Firefox always. WebKitGTK, Safari's nearest relative, only where TRY_BROWSERS=1 asks for it.
NAMES = tuple(_NEEDS) if os.environ.get("TRY_BROWSERS") else ("Firefox",)
# Whether a person can press it: it is there, and nothing lies over it. Else it is scrolled to.
_REACHABLE = """
const found = document.querySelector(arguments[0]);
if (!found || found.disabled) return false;
const { left, top, width, height } = found.getBoundingClientRect();
const reached = found.contains(document.elementFromPoint(left + width / 2, top + height / 2));
if (!reached) found.scrollIntoView({ block: "center" });
return reached;
"""


class Refused(Exception):  # noqa: N818  (it says what happened)
    """The browser did not do what it was told; the message is its own."""


class Driver:
    """One browser with one window. Whatever it does is what a person's hands would do."""

    asks_for_ranges = True
    """Whether it asks for a far place of a file, or reads on until it is there."""

    def open(self, url: str) -> None:
        self._call("Navigate", url=url)

    def widen(self, width: int, height: int) -> None:
        """Make the window that large, in pixels."""
        self._call("SetWindowRect", width=width, height=height)

    def back(self) -> None:
        self._call("Back")

    def run(self, script: str, *arguments: Any) -> Any:
        """What the body of a function in the page returns."""
        return self._call("ExecuteScript", script=script, args=list(arguments))

    def wait(self, script: str, *arguments: Any) -> Any:
        """What `script` returns once that is true; AssertionError after `PATIENCE_S`."""
        deadline, told = time.monotonic() + PATIENCE_S, None
        while time.monotonic() < deadline:
            try:
                told = self.run(script, *arguments)
            except Refused as error:  # the page is just being exchanged
                told = error
            else:
                if told:
                    return told
            time.sleep(0.05)
        raise AssertionError(f"Waited in vain ({told}) for {script} {arguments or ''}")

    def click(self, selector: str) -> None:
        self.wait(_REACHABLE, selector)
        self._call("ElementClick", id=self._find(selector))

    def type(self, selector: str, text: str) -> None:
        self._call("ElementSendKeys", id=self._find(selector), text=text)

    def _find(self, selector: str) -> str:
        (reference,) = self._call("FindElement", using="css selector", value=selector).values()
        return reference

    def _call(self, command: str, **given: Any) -> Any:
        raise NotImplementedError


class _Firefox(Driver):
    """Marionette: `length:json` both ways, [0, number, command, given] and [1, number, …]."""

    def __init__(self, port: int) -> None:
        self._socket = _connected(port)
        self._answers = self._socket.makefile("rb")
        self._number = 0
        self._read()  # who it is
        self._call("NewSession", capabilities={})

    def close(self) -> None:
        self._answers.close()
        self._socket.close()

    def _call(self, command: str, **given: Any) -> Any:
        self._number += 1
        if command == "ExecuteScript":
            given["sandbox"] = None  # scripts are to see what the page's own scripts made
        words = json.dumps([0, self._number, f"WebDriver:{command}", given]).encode()
        self._socket.sendall(b"%d:%s" % (len(words), words))
        _, _, error, result = self._read()
        if error:
            raise Refused(f"{command}: {error['error']}: {error['message']}")
        return result.get("value")

    def _read(self) -> Any:
        digits = b""
        while (digit := self._answers.read(1)) != b":":
            if not digit:
                raise Refused("Firefox hung up.")
            digits += digit
        return json.loads(self._answers.read(int(digits)))


class _WebKit(Driver):
    asks_for_ranges = False
    _PATHS = {
        "Navigate": "url",
        "Back": "back",
        "ExecuteScript": "execute/sync",
        "FindElement": "element",
        "ElementClick": "element/{id}/click",
        "ElementSendKeys": "element/{id}/value",
        "SetWindowRect": "window/rect",
    }

    def __init__(self, port: int) -> None:
        _connected(port).close()
        self._url = f"http://127.0.0.1:{port}/session"
        self._url += f"/{self._ask('POST', '', {'capabilities': {}})['sessionId']}"

    def close(self) -> None:
        self._ask("DELETE", "")

    def _call(self, command: str, **given: Any) -> Any:
        return self._ask("POST", f"/{self._PATHS[command].format(**given)}", given)

    def _ask(self, method: str, path: str, given: Any = None) -> Any:
        body = None if given is None else json.dumps(given).encode()
        request = urllib.request.Request(
            self._url + path, body, {"Content-Type": "application/json"}, method=method
        )
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            with error:
                raise Refused(f"{path}: {error.read().decode()}") from None


@contextmanager
def driving(name: str, folder: Path, *, with_sound: bool = True) -> Iterator[Driver]:
    """The browser of that name, at home in `folder`, playing into nothing.

    with_sound: False for a machine whose sound output is gone (Firefox only).
    """
    missing = [program for program in _NEEDS[name] if not shutil.which(program)]
    assert not missing, f"{name} needs programs: sudo apt-get install {' '.join(missing)}"
    folder.mkdir()
    with _sound_output(folder) as server:
        home = {"HOME": str(folder), "XDG_RUNTIME_DIR": str(folder), "PULSE_SERVER": server}
        begin = {"Firefox": _firefox, "WebKitGTK": _webkit}[name]
        with begin(folder, os.environ | home, with_sound) as driver:
            driver.widen(*WINDOW)
            yield driver


@contextmanager
def _firefox(folder: Path, environment: dict, with_sound: bool) -> Iterator[Driver]:
    preferences = {
        "marionette.port": 0,
        "media.cubeb.force_null_context": not with_sound,
        "network.captive-portal-service.enabled": False,
        "network.connectivity-service.enabled": False,
        "services.settings.server": "data:,",
    }
    lines = [f"user_pref({json.dumps(k)}, {json.dumps(v)});\n" for k, v in preferences.items()]
    (folder / "user.js").write_text("".join(lines))
    command = ["firefox-esr", "--headless", "--no-remote", "--marionette", "--profile", folder]
    with _program(command, folder, environment):
        driver = _Firefox(_told_port(folder / "MarionetteActivePort"))
        try:
            yield driver
        finally:
            driver.close()


@contextmanager
def _webkit(folder: Path, environment: dict, with_sound: bool) -> Iterator[Driver]:
    assert with_sound
    port = _free_port()
    reading, writing = os.pipe()
    screen = ["Xvfb", "-displayfd", str(writing), "-screen", "0", "1440x900x24"]
    with (
        open(reading) as told,
        _program([*screen, "-nolisten", "tcp"], folder, environment, pass_fds=[writing]),
    ):
        os.close(writing)
        display = {"DISPLAY": f":{told.readline().strip()}", "GSETTINGS_BACKEND": "memory"}
        with _program(["WebKitWebDriver", f"--port={port}"], folder, environment | display):
            driver = _WebKit(port)
            try:
                yield driver
            finally:
                driver.close()


@contextmanager
def _sound_output(folder: Path) -> Iterator[str]:
    """A sound server of our own whose only output is nowhere, in real time; its address.

    Without any output Firefox plays nothing at all.
    """
    address = folder / "sound"
    listen = f"module-native-protocol-unix auth-anonymous=1 socket={address}"
    command = ["pulseaudio", "-n", "--daemonize=no", "--use-pid-file=no", "--exit-idle-time=-1"]
    command += ["-L", "module-null-sink", "-L", listen]
    environment = os.environ | {"HOME": str(folder), "XDG_RUNTIME_DIR": str(folder)}
    with _program(command, folder, environment):
        deadline = time.monotonic() + PATIENCE_S
        while not address.exists():
            assert time.monotonic() < deadline, (folder / "pulseaudio.log").read_text()
            time.sleep(0.02)
        yield f"unix:{address}"


@contextmanager
def _program(command: list, folder: Path, environment: dict, **options: Any) -> Iterator[None]:
    with (folder / f"{command[0]}.log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, **options)
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _told_port(file: Path) -> int:
    """The port that Firefox has chosen by itself, once it has written it down."""
    deadline = time.monotonic() + PATIENCE_S
    while not (file.exists() and (text := file.read_text().strip())):
        assert time.monotonic() < deadline, f"Firefox wrote no {file}."
        time.sleep(0.05)
    return int(text)


def _connected(port: int) -> socket.socket:
    deadline = time.monotonic() + PATIENCE_S
    while True:
        with suppress(OSError):
            return socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S)
        assert time.monotonic() < deadline, f"Nothing listens on port {port}."
        time.sleep(0.05)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
