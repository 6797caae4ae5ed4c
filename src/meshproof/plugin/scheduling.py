"""Which worker runs which module: pytest-xdist's way by files, and what that lacks when a worker dies."""

from collections.abc import Iterable
from typing import Any

from xdist.scheduler import LoadFileScheduling  # type: ignore[import-untyped]

from meshproof.plugin.link import FIRST

KEPT = 2
"""A worker runs a test once it knows which comes next: it needs two, or the word that there are no more."""

LAST = 8
"""Modules for each worker: together they take longer than any that takes long, so that none is left over."""


class ByModule(LoadFileScheduling):  # type: ignore[misc]
    """Hands out whole modules, in the order in which they are collected.

    Some are gathered with the first worker, which runs them before any other. Another worker is given one of
    those only where nothing else is left.

    Of the last ones, those that take long come first. A worker is told what comes next when it begins a test:
    what it had been told behind a long one would wait for that, and the others would have nothing to do.

    A test whose worker dies is not tried again: it would only kill the next one. The rest of its module is,
    by whichever worker is free.

    Args:
        config: of the pytest run.
        log: of pytest-xdist.
    """

    def __init__(self, config: Any, log: Any) -> None:
        config.option.loadscopereorder = False
        super().__init__(config, log)
        self._gathered: frozenset[str] = frozenset()
        self._long: frozenset[str] = frozenset()

    def gather(self, modules: Iterable[str]) -> None:
        """Have the first worker run these modules, which the others could only run at some cost."""
        self._gathered = frozenset(modules)

    def hasten(self, modules: Iterable[str]) -> None:
        """Have these modules, which take long, begin before the last of the others do."""
        self._long = frozenset(modules)

    def schedule(self) -> None:
        """Hand out modules to whoever has too few tests, as a worker has that came in place of another."""
        super().schedule()
        self._fill()

    def remove_node(self, node: Any) -> Any:
        """Take the modules of a worker that is gone back; return the test that it was at, or None."""
        modules: dict[str, dict[str, bool]] = self.assigned_work.pop(node)
        left = [tests for tests in modules.values() if not all(tests.values())]
        if not left:
            return None
        at: str = next(test for test, done in left[0].items() if not done)
        left[0][at] = True
        for module, tests in modules.items():
            if not all(tests.values()):
                self.workqueue[module] = tests
        self._fill()
        return at

    def _assign_work_unit(self, node: Any) -> None:
        first = node.gateway.id == FIRST
        left = list(self.workqueue)
        fitting = [module for module in left if (module in self._gathered) == first] or left
        near_the_end = len(left) <= LAST * len(self.assigned_work)
        long = (module for module in fitting if near_the_end and module in self._long)
        self.workqueue.move_to_end(next(long, fitting[0]), last=False)
        super()._assign_work_unit(node)

    def _fill(self) -> None:
        if self.collection is None:
            return
        # One that has just come has to collect first; then this is called again.
        ready = [node for node in self.assigned_work if node in self.registered_collections]
        for node in ready:
            modules = self.assigned_work[node]
            while not node.shutting_down and self._pending_of(modules) < KEPT:
                self._reschedule(node)
