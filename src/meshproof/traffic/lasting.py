"""What holds of every call of a load, while something is done to the mesh."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from meshproof.traffic.call import Batch, Call
from meshproof.traffic.checks import Check
from meshproof.traffic.misses import NotKept
from meshproof.traffic.setting import Setting
from meshproof.traffic.tally import Tally


class _Load(threading.Thread):
    """Sends a call at the table's rate until it is told to end; what it came to is in its tally."""

    def __init__(self, setting: Setting, call: Call, check: Check, *, new_connections: bool) -> None:
        super().__init__(name="load", daemon=True)
        self.call, self.check = call, check
        self._new = new_connections
        self._setting = setting
        self._over = threading.Event()
        self._begun = threading.Event()
        self.tally = Tally(check)
        self.sound = False
        self.error: BaseException | None = None

    def run(self) -> None:
        """Send one second of load after the other."""
        try:
            self._send()
            self.sound = not self.tally.misses
            self._begun.set()
            while self.sound and not self._over.is_set():
                self._send()
        except BaseException as error:  # noqa: BLE001 - it is raised again where it is waited for
            self.error = error
        finally:
            self._begun.set()

    def begin(self) -> None:
        """Begin, and return when the replies of the first second are there."""
        self.start()
        self._begun.wait()

    def end(self) -> None:
        """Send no more, and return when all replies are there."""
        self._over.set()
        self.join()

    def _send(self) -> None:
        budgets, clock = self._setting.budgets, self._setting.clock
        at_once, load = budgets.sample_concurrency, budgets.load
        batch = Batch(load, at_once, budgets.converge, new_connections=self._new, rate=load)
        began = clock.now()
        answer = self.call.sender.send(self.call, batch)
        ended = clock.now()
        for number in range(len(answer.replies)):
            self.tally.take(answer.replies, number, at_once=batch.concurrency, began=began, ended=ended)
        if len(answer.replies) < batch.count:
            self.tally.lack(batch.count - len(answer.replies), answer.reason)


@contextmanager
def last(setting: Setting, call: Call, check: Check, *, new_connections: bool = False) -> Iterator[None]:
    """Send a steady load while something is done, and judge every reply of it.

    Args:
        setting: budgets, time, and where evidence goes.
        call: sent as often in a second as the table says.
        check: of each reply.
        new_connections: whether each call has one of its own; they are kept unless it does.

    Raises:
        NotKept: a reply missed, or a call was left without one.
    """
    __tracebackhide__ = True
    load = _Load(setting, call, check, new_connections=new_connections)
    started = setting.clock.now()
    load.begin()
    # A load that fails by itself says nothing of what is to be done to it.
    if not load.sound:
        load.end()
        _judge(setting, load, started)
    try:
        yield
    finally:
        load.end()
    _judge(setting, load, started)


def _judge(setting: Setting, load: _Load, started: float) -> None:
    """Record what a load came to, and raise what is wrong with it."""
    __tracebackhide__ = True
    if load.error is not None:
        raise load.error
    tally = load.tally
    expected = f"{load.check.description}, every one of at most {setting.budgets.load} calls a second"
    seconds = setting.clock.now() - started
    evidence = tally.evidence("throughout", load.call, expected, held=not tally.misses, seconds=seconds)
    setting.record(evidence)
    if tally.misses:
        missed = tally.misses.total()
        raise NotKept(f"{missed} of {tally.calls} calls under load were not as expected", evidence)
