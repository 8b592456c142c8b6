"""Logs and metrics: how they look and what they are called. Secrets never pass through here."""

import logging
import sys
from typing import Any

import structlog
from prometheus_client import Counter, Gauge, Histogram

FACTS_RELAYED = Counter("tocsin_facts_relayed", "Facts appended to the log", ["aggregate", "type"])
FACTS_PUBLISHED = Counter("tocsin_facts_published", "Facts confirmed by the broker")
LOG_POSITION = Gauge("tocsin_log_position", "Head of the log as this process last saw it")
MESSAGES = Counter("tocsin_messages_consumed", "Messages by queue and verdict", ["queue", "verdict"])
HANDLING = Histogram("tocsin_message_processing_seconds", "Time in a handler", ["handler"])
SWEPT = Counter("tocsin_work_swept", "Undone work found by a sweep", ["handler"])
NOTIFICATIONS = Counter("tocsin_notifications", "Deliveries by channel and outcome", ["channel", "outcome"])
POSSIBLE_REPEATS = Counter("tocsin_notifications_possible_repeats", "Deliveries sent again in doubt", ["channel"])
BROKER_UP = Gauge("tocsin_broker_up", "1 while a connection to the broker is open", ["role"])
REQUESTS = Histogram("tocsin_http_request_duration_seconds", "HTTP requests", ["method", "route", "status"])
SUBSCRIPTIONS = Gauge("tocsin_subscriptions_active", "Open subscriptions")
UPDATE_CONFLICTS = Counter("tocsin_update_conflicts", "Writes repeated because another came first", ["aggregate"])


def configure(level: str, style: str) -> None:
    """Log to standard error, one line an event: JSON for machines or text for people."""
    renderer: Any = (
        structlog.processors.JSONRenderer() if style == "json" else structlog.dev.ConsoleRenderer(colors=False)
    )
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.processors.format_exc_info, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    logging.getLogger("aiormq").setLevel(logging.CRITICAL)
    logging.getLogger("aio_pika").setLevel(logging.CRITICAL)
    logging.getLogger("httpx2").setLevel(logging.WARNING)


def logger(name: str) -> Any:
    """A structured logger: `log.info("what happened", key=value)`."""
    return structlog.get_logger(component=name)
