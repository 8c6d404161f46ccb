"""Logs: a fixed verb plus fields, one event a line, on stderr; JSON for programs or columns for people.

The request a line belongs to is added by itself. What must not be written is cut out by the names of fields,
as a last resort behind not logging it in the first place.
"""

import logging
import sys
from collections.abc import MutableMapping
from contextvars import ContextVar
from typing import Any, Final

import structlog

REQUEST_ID: Final[ContextVar[str]] = ContextVar("request_id", default="")
SECRET_FIELDS: Final = frozenset(
    {"password", "authorization", "token", "secret", "secret_key", "cookie", "environment"}
)

# Without local variables: those of a request hold its headers, and with them passwords and tokens.
TRACEBACKS: Final = (
    structlog.processors.ExceptionRenderer(structlog.tracebacks.ExceptionDictTransformer(show_locals=False)),
)

Event = MutableMapping[str, Any]


def add_request_id(_logger: object, _method: str, event: Event) -> Event:
    """Say which request this is about."""
    request_id = REQUEST_ID.get()
    if request_id:
        event.setdefault("request_id", request_id)
    return event


def cut_secrets(_logger: object, _method: str, event: Event) -> Event:
    """Replace the values of fields that hold secrets."""
    for name in event.keys() & SECRET_FIELDS:
        event[name] = "…"
    return event


REFUSED_UPGRADE: Final = "ASGI callable returned without completing handshake."
"""What uvicorn takes for an error: an upgrade to a WebSocket that was refused with an answer of its own.
Anybody can send one, and the gate has counted it."""


class _FromLibraries(logging.Handler):
    """Passes on what libraries log the standard way."""

    def emit(self, record: logging.LogRecord) -> None:
        if record.msg == REFUSED_UPGRADE:
            return
        logger = structlog.get_logger(record.name)
        exc_info = record.exc_info if record.exc_info and record.exc_info[0] else None
        logger.log(
            record.levelno, "library_says", library=record.name, text=record.getMessage(), exc_info=exc_info
        )


def configure(level: str, style: str) -> None:
    """Set up logging for this process. `style`: json, console, or auto (console on a terminal)."""
    number = logging.getLevelNamesMapping()[level.upper()]
    console = style == "console" or (style == "auto" and sys.stderr.isatty())
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        add_request_id,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        cut_secrets,
    ]
    if console:
        ending: list[Any] = [
            structlog.dev.ConsoleRenderer(
                colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
            )
        ]
    else:
        ending = [*TRACEBACKS, structlog.processors.JSONRenderer(ensure_ascii=False)]
    structlog.configure(
        processors=[*shared, *ending],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(handlers=[_FromLibraries()], level=max(number, logging.WARNING), force=True)
    # uvicorn warns of every malformed request anybody sends; whoever looks for that asks for debug.
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING if level == "debug" else logging.ERROR)
