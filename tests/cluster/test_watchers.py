"""A machine that allows few watchers is given more; one that allows enough is left alone."""

from dataclasses import dataclass, field

import pytest

from meshproof.cluster.watchers import make_room
from meshproof.process import CommandFailed
from meshproof.supply.engine import Engine

READ = "exec node sysctl -n fs.inotify.max_user_instances"
RAISE = "exec node sysctl -q -w fs.inotify.max_user_instances=1024"


@dataclass(frozen=True)
class OneNode(Engine):
    """Has a limit, which can be raised or not."""

    limit: str = "128"
    writable: bool = True
    asked: list[str] = field(default_factory=list)

    def run(self, *words, log=None, seconds=None):  # noqa: ARG002
        line = " ".join(words)
        self.asked.append(line)
        if line == RAISE and not self.writable:
            raise CommandFailed("sysctl ended with 255", "ask root", "permission denied")
        return self.limit


def test_low_limit_is_raised_and_told(capfd):
    node = OneNode("podman")
    make_room(node, "node")
    assert node.asked == [READ, RAISE]
    assert "from 128 to 1024" in "".join(capfd.readouterr())


@pytest.mark.parametrize("limit", ["1024", "8192"])
def test_limit_that_is_high_enough_is_left_alone(limit, capfd):
    node = OneNode("podman", limit=limit)
    make_room(node, "node")
    assert node.asked == [READ]
    assert "".join(capfd.readouterr()) == ""


def test_limit_that_cannot_be_raised_is_told(capfd):
    make_room(OneNode("podman", writable=False), "node")
    assert "could not be raised to 1024" in "".join(capfd.readouterr())
