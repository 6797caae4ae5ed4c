"""Serves the page: `python -m productpage`."""

import logging
import os
import sys

from productpage.app import create_app
from productpage.json_log import configure_logging
from productpage.server import server
from productpage.settings import Settings, SettingsError


def main() -> None:
    """Reads the environment, then serves until SIGTERM."""
    try:
        settings = Settings.from_env(os.environ)
    except SettingsError as error:
        sys.exit(str(error))
    configure_logging(settings.served_by, logging.INFO)
    server(create_app(settings), settings).run()


if __name__ == "__main__":
    main()
