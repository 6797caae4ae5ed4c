"""Waiting on a condition, and what is told of it."""

import pytest

from meshproof import wait


def test_what_was_waited_is_told_and_how_much_of_it_since_the_last_no():
    told, answers = [], iter([None, None, "there"])
    found = wait.until(
        lambda: next(answers), 10, "x", "y", every=0.02, waited=lambda *what: told.append(what)
    )
    ((seconds, late),) = told
    assert found == "there"
    assert seconds >= 0.04
    assert 0.02 <= late < seconds


def test_wait_in_vain_is_told_as_well():
    told = []
    with pytest.raises(wait.TimedOut, match="x: not within 0 s; y"):
        wait.until(lambda: None, 0.05, "x", "y", every=0.02, waited=lambda *what: told.append(what))
    ((seconds, late),) = told
    assert (seconds >= 0.05, late) == (True, 0.0)


def test_nobody_needs_to_be_told():
    assert wait.until(lambda: 1, 0, "x", "y") == 1
