"""What is deployed once for all processes of a run: Bookinfo, by the first, which runs the tests with it.

Most behaviours are proven with probes alone. A second Bookinfo would only take the machine's time, which the
others measure.
"""

from collections.abc import Iterable
from typing import Any

import pytest

from meshproof.plugin.link import worker_id, worker_number
from meshproof.run import Run

BOOKINFO = "bookinfo"
"""The fixture that deploys it, and its release."""


def needs_bookinfo(session: pytest.Session) -> bool:
    """Return whether this process is the one that runs the tests that need Bookinfo, and there are any."""
    return worker_number(session.config) == 0 and any(map(_needs, session.items))


def modules_with_bookinfo(items: Iterable[pytest.Item]) -> list[str]:
    """Return the modules of those tests that need Bookinfo, as the ids of their tests begin."""
    return modules_of(filter(_needs, items))


def modules_of(items: Iterable[pytest.Item]) -> list[str]:
    """Return the modules of these tests, each once, as the ids of the tests begin."""
    return sorted({item.nodeid.partition("::")[0] for item in items})


def namespaces_beside(config: pytest.Config, run: Run) -> list[str]:
    """Return the namespaces of the other processes of this one's run.

    Args:
        config: of the pytest run.
        run: this process's part of it.
    """
    given: dict[str, Any] = getattr(config, "workerinput", {})
    whole = run.id.removesuffix(f"-gw{worker_number(config)}")
    ids = [worker_id(whole, f"gw{number}") for number in range(given.get("workercount", 1))]
    return [Run(each).namespace for each in ids if each != run.id]


def _needs(item: pytest.Item) -> bool:
    return BOOKINFO in getattr(item, "fixturenames", ())
