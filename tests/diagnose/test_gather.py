import threading

from meshproof.diagnose.gather import Gatherer
from meshproof.errors import MeshproofError


def test_answers_come_back_by_their_names():
    assert Gatherer(5).ask({str(number): lambda number=number: number for number in range(20)}) == {
        str(number): number for number in range(20)
    }


def test_what_breaks_is_missing_with_its_reason():
    def refused():
        raise MeshproofError("events cannot be read (403 Forbidden)", "give the right")

    def broken():
        raise KeyError("metadata")

    gather = Gatherer(5)
    assert gather.ask({"events": refused, "pods": broken, "services": lambda: 1}) == {"services": 1}
    assert gather.missing == {
        "events": "events cannot be read (403 Forbidden)",
        "pods": "KeyError: 'metadata'",
    }


def test_who_hangs_is_left_behind():
    released = threading.Event()
    gather = Gatherer(0.1)
    assert gather.ask({"hangs": released.wait, "answers": lambda: 1}) == {"answers": 1}
    assert gather.missing == {"hangs": "no answer before the deadline"}
    assert gather.left() == 0
    released.set()


def test_nothing_is_asked_after_the_deadline():
    asked = []
    gather = Gatherer(0)
    assert gather.ask({"late": lambda: asked.append(1)}) == {}
    assert asked == []
    assert "late" in gather.missing
