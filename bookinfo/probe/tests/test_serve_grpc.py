"""gRPC: unary and streaming, told in the request's field `instructions`."""

import asyncio
import json
import time

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from h2.events import DataReceived, ResponseReceived, StreamEnded

from probe.seen import Seen
from probe.wire.probe_pb2 import EchoRequest
from probe.wire.probe_pb2_grpc import ProbeStub
from tests.peers import run
from tests.serving import IDENTITY, SERVED_BY, http2_to, served

SERVED = {"x-served-by": IDENTITY.pod, "x-served-workload": "probe-a", "x-served-version": "v1"}


def channel_to(ports):
    return grpc.aio.insecure_channel(f"127.0.0.1:{ports.grpc}")


async def refusal(call):
    with pytest.raises(grpc.aio.AioRpcError) as error:
        await call
    return error.value


def test_echo_answers_with_what_was_seen():
    async def test():
        async with served() as ports, channel_to(ports) as channel:
            call = ProbeStub(channel).Echo(
                EchoRequest(instructions="key=a&x=1&size=3", body="héllo"),
                metadata=(("end-user", "jason"), ("a", "1"), ("a", "2"), ("t-bin", b"\0\1")),
            )
            seen = json.loads((await call).json)
            assert dict(await call.initial_metadata()) == SERVED
            assert seen["served_by"] == SERVED_BY
            assert (seen["protocol"], seen["method"]) == ("grpc", "POST")
            assert (seen["path"], seen["query"]) == ("/meshproof.probe.v1.Probe/Echo", "key=a&x=1&size=3")
            assert (seen["headers"]["end-user"], seen["headers"]["a"]) == ("jason", "1, 2")
            assert seen["headers"]["t-bin"] == "AAE"
            assert (seen["body"], seen["padding"], seen["attempt"]) == ("héllo", "xxx", 1)
            assert seen["peer"].startswith("127.0.0.1:")

    run(test())


def test_watch_sends_chunks_one_by_one():
    async def test():
        async with served() as ports, channel_to(ports) as channel:
            started, times = time.monotonic(), []
            call = ProbeStub(channel).Watch(EchoRequest(instructions="chunks=3&interval=0.1", body="x"))
            async for reply in call:
                assert (json.loads(reply.json)["chunk"], json.loads(reply.json)["body"]) == (reply.chunk, "x")
                times.append(time.monotonic() - started)
            assert len(times) == 3
            assert times[2] > 0.19
            assert dict(await call.initial_metadata()) == SERVED

    run(test())


def test_watch_without_chunks_sends_one_reply():
    async def test():
        async with served() as ports, channel_to(ports) as channel:
            assert [reply.chunk async for reply in ProbeStub(channel).Watch(EchoRequest())] == [0]

    run(test())


def test_collect_obeys_the_first_request_and_joins_the_bodies():
    async def test():
        async with served() as ports, channel_to(ports) as channel:
            requests = [
                EchoRequest(instructions="key=a", body="1"),
                EchoRequest(instructions="key=b", body="2"),
            ]
            seen = json.loads((await ProbeStub(channel).Collect(iter(requests))).json)
            assert (seen["path"], seen["body"]) == ("/meshproof.probe.v1.Probe/Collect", "12")
            assert (seen["query"], seen["attempt"]) == ("key=a", 1)
            assert json.loads((await ProbeStub(channel).Collect(iter(()))).json)["body"] == ""

    run(test())


def test_chat_answers_each_request_in_order():
    async def test():
        async with served() as ports, channel_to(ports) as channel:
            call = ProbeStub(channel).Chat()
            for number, body in enumerate("ab", start=1):
                await call.write(EchoRequest(instructions="key=a&chunks=2", body=body))
                for chunk in range(2):
                    seen = json.loads((await call.read()).json)
                    assert (seen["body"], seen["chunk"], seen["attempt"]) == (body, chunk, number)
            await call.done_writing()
            assert await call.read() is grpc.aio.EOF
            assert await call.code() is grpc.StatusCode.OK

    run(test())


def test_status_ends_the_call_and_says_who_answered():
    async def test():
        async with served() as ports, channel_to(ports) as channel:
            error = await refusal(ProbeStub(channel).Echo(EchoRequest(instructions="status=8")))
            assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
            assert dict(error.trailing_metadata()) == SERVED

    run(test())


def test_status_after_chunks_comes_when_they_are_sent():
    async def test():
        async with served() as ports, channel_to(ports) as channel:
            call = ProbeStub(channel).Watch(EchoRequest(instructions="chunks=2&status=14"))
            assert [(await call.read()).chunk for _ in range(2)] == [0, 1]
            assert (await refusal(call.read())).code() is grpc.StatusCode.UNAVAILABLE

    run(test())


@pytest.mark.parametrize("told", ["status=14", "delay=61", "key=a&fail_first=1"])
def test_failed_call_is_its_trailers_alone(told):
    """A proxy retries a gRPC call only when its status comes in the reply's first headers."""

    async def test():
        message = EchoRequest(instructions=told).SerializeToString()
        async with served() as ports, http2_to(ports.grpc) as client:
            stream = await client.send(
                "/meshproof.probe.v1.Probe/Echo",
                method="POST",
                body=b"\0" + len(message).to_bytes(4) + message,
                **{"content-type": "application/grpc", "te": "trailers"},
            )
            events = await client.ended(stream)
            replies = [
                event for event in events if isinstance(event, ResponseReceived | DataReceived | StreamEnded)
            ]
            assert [type(event) for event in replies] == [ResponseReceived, StreamEnded]
            headers = dict(replies[0].headers)
            assert headers["grpc-status"] == ("3" if "delay" in told else "14")
            assert headers["x-served-workload"] == "probe-a"

    run(test())


def test_first_calls_of_a_key_fail_and_then_they_succeed():
    async def test():
        seen = Seen()
        async with served(seen=seen) as ports, channel_to(ports) as channel:
            stub, request = ProbeStub(channel), EchoRequest(instructions="key=a&fail_first=2&fail_with=4")
            for _ in range(2):
                assert (await refusal(stub.Echo(request))).code() is grpc.StatusCode.DEADLINE_EXCEEDED
            assert json.loads((await stub.Echo(request)).json)["attempt"] == 3
            assert seen.calls("a").count == 3

    run(test())


@pytest.mark.parametrize("told", ["close=1", "reset=1", "chunks=2", "status=503", "probe-x=1"])
def test_what_grpc_cannot_do_is_an_invalid_argument(told):
    async def test():
        async with served() as ports, channel_to(ports) as channel:
            error = await refusal(ProbeStub(channel).Echo(EchoRequest(instructions=told)))
            assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
            assert error.details().startswith(told.partition("=")[0] + ": ")

    run(test())


def test_delay_outlasts_a_deadline():
    async def test():
        async with served() as ports, channel_to(ports) as channel:
            error = await refusal(ProbeStub(channel).Echo(EchoRequest(instructions="delay=5"), timeout=0.1))
            assert error.code() is grpc.StatusCode.DEADLINE_EXCEEDED

    run(test())


def test_service_is_listed_by_reflection():
    async def test():
        async with served() as ports, channel_to(ports) as channel:
            call = reflection_pb2_grpc.ServerReflectionStub(channel).ServerReflectionInfo()
            await call.write(reflection_pb2.ServerReflectionRequest(list_services=""))
            names = {service.name for service in (await call.read()).list_services_response.service}
            await call.done_writing()
            assert "meshproof.probe.v1.Probe" in names
            assert "grpc.health.v1.Health" in names

    run(test())


@pytest.mark.parametrize("service", ["", "meshproof.probe.v1.Probe"])
def test_health_is_served(service):
    async def test():
        async with served() as ports, channel_to(ports) as channel:
            answer = await health_pb2_grpc.HealthStub(channel).Check(
                health_pb2.HealthCheckRequest(service=service)
            )
            assert answer.status == health_pb2.HealthCheckResponse.SERVING

    run(test())


def test_bodies_of_a_stream_are_bounded():
    async def test():
        async with served() as ports, channel_to(ports) as channel:

            async def requests():
                for _ in range(3):
                    yield EchoRequest(body="x" * (1 << 19))
                    await asyncio.sleep(0)

            error = await refusal(ProbeStub(channel).Collect(requests()))
            assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED

    run(test())
