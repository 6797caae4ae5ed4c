"""Room for the mesh's proxies: each watches its files, and a kernel limits the watchers of a user."""

from meshproof.console import say
from meshproof.process import CommandFailed
from meshproof.supply.engine import Engine

LIMIT = "fs.inotify.max_user_instances"
WANTED = 1024
"""A sidecar takes about three; where a kernel allows 128, the forty-third ends with "too many open files"."""


def make_room(engine: Engine, node: str) -> None:
    """Raise the limit of the machine that a node runs on, where it is lower; never lower it.

    It is set through the node, which has the right to: the engine may run in a virtual machine of its own.
    Where that is refused, a small mesh works all the same, so it is only told.

    Args:
        engine: that runs the node.
        node: its container.
    """
    try:
        found = int(engine.run("exec", node, "sysctl", "-n", LIMIT))
        if found >= WANTED:
            return
        engine.run("exec", node, "sysctl", "-q", "-w", f"{LIMIT}={WANTED}")
    except (CommandFailed, ValueError):
        say(f"{LIMIT} could not be raised to {WANTED}: more than about 40 proxies may not start here.")
        return
    say(f"Raised {LIMIT} of this machine from {found} to {WANTED}, for more than 40 proxies.")
