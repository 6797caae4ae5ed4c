"""Serves the page: `python -m productpage`."""

import logging
import os

import uvicorn

from productpage.app import create_app
from productpage.json_log import configure_logging
from productpage.settings import Settings

GRACE_SECONDS = 10
"""Requests in flight may finish for this long after SIGTERM."""


def main() -> None:
    """Reads the environment, then serves until SIGTERM."""
    settings = Settings.from_env(os.environ)
    configure_logging(settings.served_by, logging.INFO)
    uvicorn.run(
        create_app(settings),
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )


if __name__ == "__main__":
    main()
