"""Structured logs: one line an event, JSON for machines or coloured text for people, and never a secret in it."""

import sys
from typing import Any, Literal

import structlog

from qts.observability.redaction import redact

LogForm = Literal["json", "console"]

_SHARED: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.ExtraAdder(),
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.StackInfoRenderer(),
    structlog.processors.format_exc_info,  # before redaction: an exception's text may hold a token
    redact,
]


def logging_config(form: LogForm = "json", level: str = "INFO") -> dict[str, Any]:
    """For `logging.config.dictConfig` and Django's LOGGING: foreign loggers go the same way as our own."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "structured": {
                "()": structlog.stdlib.ProcessorFormatter,
                "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, _renderer(form)],
                "foreign_pre_chain": _SHARED,
            }
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "structured"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            # They log each request with its full address, and an address may carry a token.
            "httpx2": {"level": "WARNING"},
            "httpcore2": {"level": "WARNING"},
            "websockets": {"level": "WARNING"},
            # They log each slice that beat offers, a dozen lines a second, most of which find the lease taken.
            "celery.beat": {"level": "WARNING"},
            "celery.worker.strategy": {"level": "WARNING"},
            "celery.app.trace": {"level": "WARNING"},
        },
    }


def configure_structlog() -> None:
    """Route structlog through the standard library's handlers, so that `logging_config` decides for both."""
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.PositionalArgumentsFormatter(),
            *_SHARED,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )


def _renderer(form: LogForm) -> Any:
    if form == "json":
        return structlog.processors.JSONRenderer(ensure_ascii=False, default=str)
    # The rich traceback would print local variables, keys and tokens among them.
    return structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback)
