"""A real browser for pages: Chromium in a container, driven through its debugging port.

The container shares this host's network, because that is where a page is reached just as its reader reaches
it, and because a debugging port on the host's loopback address needs no way in from elsewhere.
"""

import re
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from meshproof import wait
from meshproof.errors import MeshproofError
from meshproof.supply.engine import Engine

IMAGE = "browser"
LABEL = "meshproof.dev/browser"
"""On the container; its value is the name of the cluster whose pages are looked at."""
START_SECONDS = 30

_SAYS = re.compile(r"^DevTools listening on (ws://\S+)", re.MULTILINE)
# What images/browser/Dockerfile relies on, since Chromium's own sandbox cannot work in a container.
_CONFINED = (
    "--cap-drop=ALL",
    "--security-opt=no-new-privileges",
    "--read-only",
    "--tmpfs=/tmp:mode=1777",
    "--shm-size=256m",
)
_REACHED = (
    "--network=host",
    # Both engines can read this one back, whatever they are configured to log to.
    "--log-driver=json-file",
    # It has nothing to put in order, so its end need not be waited for.
    "--stop-signal=KILL",
)


class BrowserFailed(MeshproofError):
    """The browser ended before it could be reached."""


@contextmanager
def browser(engine: Engine, image: str, cluster: str, names: Mapping[str, str]) -> Iterator[str]:
    """Run a browser for as long as the context lasts.

    Args:
        engine: runs the container.
        image: reference of the image `browser`.
        cluster: name of the cluster whose pages are looked at; `down` removes what a kill has left of it.
        names: host name -> IP address, of all that it can reach. Any other name or address is unknown to it.

    Yields:
        Its address for a client of the DevTools protocol, `ws://127.0.0.1:<port>/…`.

    Raises:
        BrowserFailed: it ended at once; the message has its last line.
        TimedOut: it did not say its address.
    """
    words = ("--name", f"meshproof-browser-{secrets.token_hex(4)}", "--label", f"{LABEL}={cluster}")
    container = engine.run("create", *words, *_CONFINED, *_REACHED, image, resolver_rules(names)).strip()
    try:
        engine.run("start", container)
        yield wait.until(
            lambda: _address(engine, container),
            START_SECONDS,
            "the browser says where it can be reached",
            f"look at the machine's load; the browser's image is {image}",
        )
    finally:
        engine.run("rm", "--force", "--volumes", container)


def remove_browsers(engine: Engine, cluster: str) -> list[str]:
    """Remove the browsers that a kill has left behind at a cluster; return their names."""
    left = engine.containers(f"{LABEL}={cluster}")
    if left:
        engine.run("rm", "--force", "--volumes", *left)
    return left


def resolver_rules(names: Mapping[str, str]) -> str:
    """Return Chromium's flag that makes these names, and nothing else, known to it."""
    known = [f"MAP {name} {address}" for name, address in sorted(names.items())]
    return f"--host-resolver-rules={', '.join([*known, 'MAP * ~NOTFOUND'])}"


def _address(engine: Engine, container: str) -> str | None:
    # Asked before the log is read, so that the log of one that has ended is complete.
    runs = engine.run("inspect", "--format", "{{.State.Running}}", container).strip() == "true"
    log = engine.run("logs", container)
    if found := _SAYS.search(log):
        return found[1]
    if not runs:
        lines = log.strip().splitlines()
        said = lines[-1] if lines else "it said nothing"
        raise BrowserFailed(f"the browser ended as soon as it was started: {said}", "look at its image")
    return None
