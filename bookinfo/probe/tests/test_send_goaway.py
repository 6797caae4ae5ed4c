"""GOAWAY is taken out of what comes, however it is cut; every other frame passes."""

import pytest
from hyperframe.frame import DataFrame, GoAwayFrame, PingFrame

from probe.send.goaway import GoawayFilter

LARGEST = 1 << 14
PING = PingFrame(0, b"12345678").serialize()
DATA = DataFrame(1, b"hello").serialize()
GOODBYE = GoAwayFrame(0, last_stream_id=5, error_code=11, additional_data=b"enough").serialize()
SAID = (5, "GOAWAY ENHANCE_YOUR_CALM: enough")


@pytest.fixture
def said():
    return []


@pytest.fixture
def rest(said):
    filtering = GoawayFilter(lambda *told: said.append(told))
    return lambda data: filtering.rest(data, LARGEST)


@pytest.mark.parametrize("step", [1, 7, 10, 1000])
def test_goodbye_is_told_and_the_rest_passes(rest, said, step):
    data = PING + GOODBYE + DATA + GOODBYE
    passed = b"".join(rest(data[start : start + step]) for start in range(0, len(data), step))
    assert passed == PING + DATA
    assert said == [SAID, SAID]


def test_frame_passes_when_it_is_complete(rest):
    assert rest(PING + DATA[:-1]) == PING
    assert rest(DATA[-1:]) == DATA


def test_what_is_no_frame_passes_as_it_is(rest):
    assert rest(b"HTTP/1.1 400 Bad Request\r\n") == b"HTTP/1.1 400 Bad Request\r\n"


def test_unknown_code_is_given_as_a_number(rest, said):
    rest(GoAwayFrame(0, last_stream_id=0, error_code=0xFF).serialize())
    assert said == [(0, "GOAWAY 0xff")]


def test_goodbye_that_is_too_short_is_an_error(rest):
    with pytest.raises(ValueError, match="too short"):
        rest(b"\0\0\x04\x07\0\0\0\0\0abcd")
