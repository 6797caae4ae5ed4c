"""One grammar for every protocol; what cannot be obeyed is refused by name."""

import pytest

from probe.instructions import (
    GRPC,
    GRPC_STREAM,
    HTTP,
    TCP,
    BadInstructionError,
    Instructions,
    parse_instructions,
)


def told(query, medium=HTTP):
    return parse_instructions(query, medium)


def test_nothing_told_is_nothing_done():
    assert told("") == told("a=1&q=x&page=2") == Instructions()
    assert not told("").streamed


def test_every_instruction_is_read():
    assert told(
        "delay=0.5&status=404&key=a%20b&chunks=4&interval=1.5&size=10&reset=1&after=2"
    ) == Instructions(delay=0.5, status=404, key="a b", chunks=4, interval=1.5, size=10, cut="reset", after=2)
    assert told("close=1").cut == "close"
    assert told("close=0&reset=0").cut is None


def test_name_with_our_prefix_must_be_known():
    with pytest.raises(BadInstructionError, match=r"^probe-dealy: unknown instruction \(known: delay, "):
        told("probe-dealy=1")


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("delay=soon", "delay: must be 0..60 seconds"),
        ("delay=-1", "delay: must be 0..60 seconds"),
        ("delay=61", "delay: must be 0..60 seconds"),
        ("delay=nan", "delay: must be 0..60 seconds"),
        ("delay=", "delay: must be 0..60 seconds"),
        ("delay=1&delay=2", "delay: given twice"),
        ("status=100", "status: must be 200..599"),
        ("status=600", "status: must be 0..599"),
        ("status=ok", "status: must be 0..599"),
        ("key=", "key: must be 1..256 characters"),
        (f"key={'x' * 257}", "key: must be 1..256 characters"),
        ("fail_first=2", "fail_first: needs key"),
        ("key=a&fail_with=500", "fail_with: needs fail_first"),
        ("key=a&fail_first=-1", "fail_first: must be 0..1000000"),
        ("key=a&fail_first=99999999999", "fail_first: must be 0..1000000"),
        ("key=a&fail_first=1&fail_with=often", "fail_with: must be a status, close or reset"),
        ("key=a&fail_first=1&fail_with=14", "fail_with: must be 200..599"),
        ("close=yes", "close: must be 1, or 0"),
        ("close=1&reset=1", "close: not together with reset"),
        ("close=1&status=200", "status: no reply carries it, unless the cut is told to come after"),
        ("close=1&chunks=2", "chunks: no reply carries it, unless the cut is told to come after"),
        ("after=1", "after: needs close or reset"),
        ("close=1&after=2", "after: must be 0..1, the number of chunks"),
        ("reset=1&after=4&chunks=3", "after: must be 0..3, the number of chunks"),
        ("chunks=0", "chunks: must be 1..1000"),
        ("chunks=1001", "chunks: must be 1..1000"),
        ("interval=1", "interval: needs chunks"),
        ("interval=61&chunks=2", "interval: must be 0..60 seconds"),
        ("interval=60&chunks=7", "interval: the chunks would take longer than 300 s"),
        ("size=1048577", "size: must be 0..1048576"),
        ("status=204&chunks=2", "status: a reply of status 204 has no body to stream"),
        ("only=backend-v1", "only: needs something for them to do"),
        ("only=backend-v1&key=a", "only: needs something for them to do"),
        ("status=500&only=", "only: must be 1..16 workloads, separated by commas"),
        ("status=500&only=a,,b", "only: must be 1..16 workloads, separated by commas"),
        (f"status=500&only={','.join('x' * 17)}", "only: must be 1..16 workloads, separated by commas"),
    ],
)
def test_what_cannot_be_obeyed_is_refused_by_name(query, message):
    with pytest.raises(BadInstructionError) as error:
        told(query)
    assert str(error.value) == message


@pytest.mark.parametrize(
    ("query", "medium", "message"),
    [
        ("status=500", TCP, "status: TCP has no status"),
        ("key=a&fail_first=1&fail_with=503", TCP, "fail_with: TCP has no status"),
        ("status=503", GRPC, "status: must be 0..16"),
        ("close=1", GRPC, "close: a gRPC call with one reply cannot do it"),
        ("reset=1", GRPC_STREAM, "reset: gRPC cannot do it"),
        ("key=a&fail_first=1&fail_with=reset", GRPC, "fail_with: a gRPC call with one reply cannot do reset"),
        ("chunks=2", GRPC, "chunks: a gRPC call with one reply cannot do it"),
    ],
)
def test_what_the_protocol_cannot_do_is_refused(query, medium, message):
    with pytest.raises(BadInstructionError) as error:
        told(query, medium)
    assert str(error.value) == message


@pytest.mark.parametrize(
    ("medium", "how", "failed"),
    [
        (HTTP, "", Instructions(status=503)),
        (HTTP, "&fail_with=429", Instructions(status=429)),
        (HTTP, "&fail_with=reset", Instructions(cut="reset")),
        (GRPC, "", Instructions(status=14)),
        (GRPC, "&fail_with=8", Instructions(status=8)),
        (TCP, "", Instructions(cut="close")),
        (TCP, "&fail_with=reset", Instructions(cut="reset")),
    ],
)
def test_first_calls_fail_as_told_and_then_they_succeed(medium, how, failed):
    call = told(f"key=a&fail_first=2{how}", medium)
    for attempt in (1, 2):
        now = call.of_attempt(attempt)
        assert (now.status, now.cut) == (failed.status, failed.cut)
    assert (call.of_attempt(3).status, call.of_attempt(3).cut) == (None, None)


def test_failing_call_keeps_its_delay_and_loses_its_stream():
    call = told("key=a&fail_first=1&delay=1&chunks=3&size=9").of_attempt(1)
    assert (call.delay, call.status, call.chunks, call.size) == (1.0, 503, None, 0)


@pytest.mark.parametrize(("chunks", "sizes"), [(1, [10]), (3, [3, 3, 4]), (12, [1] * 12)])
def test_document_is_cut_into_pieces_none_of_them_empty(chunks, sizes):
    pieces = list(told(f"chunks={chunks}").pieces(b"0123456789"))
    assert [len(piece) for piece in pieces] == sizes
    assert b"".join(pieces).rstrip() == b"0123456789"


@pytest.mark.parametrize("query", ["status=500&only=a,b", "key=x&fail_first=1&only=b", "reset=1&only=b"])
def test_what_only_some_are_told_leaves_the_others_alone(query):
    instructions = told(query)
    assert instructions.at("b") == instructions
    assert instructions.at("c") == Instructions(key=instructions.key)
    assert told("status=500").at("c").status == 500
