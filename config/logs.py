"""Structured logs: one event per line with request and task ids (django-structlog binds them).

Each request and each task is told once, by django-structlog; what Django and Celery say of the same is left out.
"""

from collections.abc import MutableMapping
from typing import Any

import structlog


def leave_out_expired(logger: object, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Drop that a wake-up expired in the queue: workers were busy, beat wakes them again, and nothing was lost."""
    if event.get("event") == "task_revoked" and event.get("expired"):
        raise structlog.DropEvent
    return event


LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")

# What every line carries, also those of libraries that log without structlog.
COMMON: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.processors.StackInfoRenderer(),
    structlog.processors.format_exc_info,
]
PROCESSORS: list[Any] = [
    structlog.stdlib.filter_by_level,
    leave_out_expired,
    *COMMON,
    structlog.stdlib.PositionalArgumentsFormatter(),
    structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
]


def configure(*, json: bool, level: str) -> dict[str, Any]:
    """Configure structlog and return Django's LOGGING: JSON lines, or aligned text for a terminal."""
    structlog.configure(
        processors=PROCESSORS,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    renderer = structlog.processors.JSONRenderer() if json else structlog.dev.ConsoleRenderer(colors=False)
    line = {"()": structlog.stdlib.ProcessorFormatter, "processor": renderer, "foreign_pre_chain": COMMON}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": line},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            "django.server": {"handlers": ["stderr"], "level": "WARNING", "propagate": False},
            "django.request": {"level": "ERROR"},
            "celery.app.trace": {"level": "WARNING"},
            "celery.worker.strategy": {"level": "WARNING"},
        },
    }
