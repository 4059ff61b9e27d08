"""One JSON object a line on standard output. No line ever holds a password, token, key or query string."""

import asyncio
import logging
import os
import sys
import traceback
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

import msgspec

from jwt_pizza.kernel.errors import Refusal
from jwt_pizza.kit.postgres import trace_id
from jwt_pizza.kit.redaction import redacted

_LEVELS: Final = {"debug": 10, "info": 20, "warning": 30, "error": 40}
_encoder = msgspec.json.Encoder(enc_hook=str)


class Log:
    """`log.info("order placed", order=7)`. Times are UTC."""

    def __init__(self, service: str, *, level: str = "info", fd: int = 1) -> None:
        self.service = service
        self._level = _LEVELS[level]
        self._fd = fd
        self._waiting: list[bytes] = []
        self._flushing = False

    def debug(self, event: str, **fields: object) -> None:
        self._write("debug", event, fields)

    def info(self, event: str, **fields: object) -> None:
        self._write("info", event, fields)

    def warning(self, event: str, **fields: object) -> None:
        self._write("warning", event, fields)

    def error(self, event: str, error: BaseException | None = None, **fields: object) -> None:
        if error is not None:
            fields["error"] = type(error).__name__
            fields["stack"] = "".join(traceback.format_exception(error))
        self._write("error", event, fields)

    def failed(self, refusal: Refusal) -> None:
        """A refusal that is this side's fault, with what is behind it but without a stack: it was foreseen. Written
        `soon`, for there may be thousands a second."""
        cause = refusal.__cause__
        fields = {"status": refusal.status, "reason": refusal.message, "cause": repr(cause) if cause else None}
        self._later("warning", "refused", fields)

    def soon(self, event: str, **fields: object) -> None:
        """As `info`, written with others within a twentieth of a second: for what is said with every request.

        A process that is killed may take its last such lines along; what went wrong is always written at once.
        """
        self._later("info", event, fields)

    def _later(self, level: str, event: str, fields: Mapping[str, object]) -> None:
        if _LEVELS[level] < self._level:
            return
        self._waiting.append(self._line(level, event, fields))
        if not self._flushing:
            self._flushing = True
            asyncio.get_running_loop().call_later(0.05, self.flush)

    def _write(self, level: str, event: str, fields: Mapping[str, object]) -> None:
        if _LEVELS[level] >= self._level:
            fields = {name: redacted(value) if isinstance(value, str) else value for name, value in fields.items()}
            self._waiting.append(self._line(level, redacted(event), fields))
            self.flush()

    def _line(self, level: str, event: str, fields: Mapping[str, object]) -> bytes:
        now = datetime.now(UTC).isoformat(timespec="milliseconds")[:-6] + "Z"
        line = {"time": now, "level": level, "service": self.service, "event": event}
        if trace := trace_id.get():
            line["trace"] = trace
        return _encoder.encode({**line, **fields})

    def flush(self) -> None:
        """Writes what waits; also called before a process ends."""
        self._flushing = False
        lines, self._waiting = self._waiting, []
        try:
            os.write(self._fd, b"\n".join([*lines, b""]))
        except OSError:
            # Nobody reads the log any more; serving goes on.
            return


class _Bridge(logging.Handler):
    def __init__(self, log: Log) -> None:
        super().__init__(logging.WARNING)
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        if record.levelno >= logging.ERROR:
            self._log.error(record.getMessage(), error, logger=record.name)
        else:
            self._log.warning(record.getMessage(), logger=record.name)


def capture_library_logs(log: Log) -> None:
    """What libraries log goes into the same stream in the same form."""
    root = logging.getLogger()
    root.handlers = [_Bridge(log)]
    root.setLevel(logging.WARNING)
    logging.captureWarnings(True)
    sys.stdout.flush()
