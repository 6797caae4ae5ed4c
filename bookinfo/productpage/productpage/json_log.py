"""Log lines as JSON, with the fields that all four services share."""

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any

from productpage.settings import ServedBy

FIELDS = "fields"
"""Name under which a record carries further fields: `logger.info("request", extra={FIELDS: {...}})`."""


class JsonFormatter(logging.Formatter):
    """One line per record; fields that are None are left out."""

    def __init__(self, served_by: ServedBy) -> None:
        super().__init__()
        self._base = {"service": "productpage", "version": served_by.version, "pod": served_by.pod}

    def format(self, record: logging.LogRecord) -> str:
        """Renders a record, its fields and its traceback."""
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line: dict[str, Any] = {
            "time": time.replace("+00:00", "Z"),
            "level": "warn" if record.levelno == logging.WARNING else record.levelname.lower(),
            **self._base,
            "message": record.getMessage(),
            **getattr(record, FIELDS, {}),
        }
        if record.exc_info:
            line["stack"] = self.formatException(record.exc_info)
        return json.dumps({key: value for key, value in line.items() if value is not None})


def configure_logging(served_by: ServedBy, level: int) -> None:
    """Sends every logger of this process, the server's own included, to standard output as JSON."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonFormatter(served_by))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    # One line for each call to another service says nothing that our own request line and the mesh do not.
    logging.getLogger("httpx2").setLevel(logging.WARNING)
