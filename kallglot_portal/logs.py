"""Log lines that stay one line, whatever a visitor or the vendor put into them."""

import copy
import logging
import re

_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")


class OneLineFormatter(logging.Formatter):
    """Escapes control characters in the message; a stack trace keeps its own lines.

    Without it, a line break in a sign-in name could forge a second log line (CWE-117).
    """

    def format(self, record: logging.LogRecord) -> str:
        # A refusal is no fault: its sentence is enough, although Django logs some as errors. Stack
        # traces are for faults of ours.
        is_fault = record.levelno >= logging.ERROR and getattr(record, "status_code", 500) >= 500
        if record.exc_info and not is_fault:
            record = copy.copy(record)
            record.exc_info = record.exc_text = None
        return super().format(record)

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  (logging's name)
        record.message = (
            _CONTROLS.sub(lambda match: f"\\x{ord(match.group()):02x}", record.message)
            .replace("\n", "\\n")
            .replace("\t", "\\t")
        )
        return super().formatMessage(record)
