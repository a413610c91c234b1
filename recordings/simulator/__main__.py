"""Run the simulated vendor by hand: `python -m recordings.simulator --port 8901`."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from collections.abc import Sequence
from datetime import UTC, datetime

from recordings.simulator.faults import KINDS, parse_fault
from recordings.simulator.options import CHOICES, Options
from recordings.simulator.server import DEFAULT_KEY, Simulator

DEFAULT_PORT = 8901


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="simulator",
        description="Kallglot's recording API, simulated on 127.0.0.1, with the demo's calls.",
        epilog="Faults: " + ", ".join(KINDS),
    )
    add = parser.add_argument
    add("--port", type=int, default=DEFAULT_PORT, help=f"default {DEFAULT_PORT}; 0 is any free one")
    add("--key", default=DEFAULT_KEY, help="the API key to accept (default %(default)s)")
    add("--epoch", type=_moment, help="ISO time the calls' times count back from (default now)")
    add("--generation", choices=CHOICES["generation"], default="seed", help="shape of the answers")
    add("--range", choices=("on", "off"), default="off", help="honour Range on audio")
    add("--latency-ms", type=float, default=0, help="wait before every answer")
    add("--bandwidth", type=float, default=0, help="bytes a second on each connection; 0: no limit")
    add("--legs", choices=CHOICES["legs"], default="wav", help="what agent and customer files are")
    add("--paging", choices=CHOICES["paging"], default="off", help="pages of 20 in lists")
    add("--rate-limit", type=int, default=0, metavar="N", help="requests a minute; 0: no limit")
    add("--media-certificate", metavar="PEM", help="serve redirected audio over TLS with this")
    add("--option", action="append", default=[], metavar="NAME=VALUE", help="any other switch")
    add(
        "--fault",
        action="append",
        default=[],
        metavar="KIND[:PATH[:NAME=VALUE,...]]",
        help="for example status:/audio:status=503,times=2 or stall:/audio:after=50000",
    )
    return parser


def _options(given: argparse.Namespace) -> Options:
    options = Options(
        generation=given.generation,
        range=given.range == "on",
        latency_ms=given.latency_ms,
        bandwidth=given.bandwidth,
        legs=given.legs,
        paging=given.paging,
        rate_limit=given.rate_limit,
    )
    for text in given.option:
        options.set_from_text(text)
    return options


def main(argv: Sequence[str] | None = None) -> int:
    """Serve until interrupted; returns the exit code."""
    parser = _parser()
    given = parser.parse_args(argv)
    try:
        options = _options(given)
        faults = [parse_fault(text) for text in given.fault]
    except ValueError as error:
        parser.error(str(error))
    simulator = Simulator(
        given.port,
        given.key,
        options,
        epoch=given.epoch,
        media_certificate=given.media_certificate,
    )
    simulator.faults.set(faults)
    try:
        simulator.start()
    except (OSError, OverflowError) as error:
        sys.stderr.write(f"The simulator cannot listen on 127.0.0.1:{given.port}: {error}.\n")
        return 1
    stop = threading.Event()
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stop.set())
    sys.stdout.write(f"Simulated Kallglot at {simulator.url} with the key {simulator.key}\n")
    sys.stdout.flush()
    try:
        stop.wait()
    finally:
        simulator.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
