"""A batch that cannot be run is refused, and the refusal names the field."""

import json

import pytest

from probe.batch import BadBatchError, parse_batch
from tests.peers import run, running_probe

GOOD = {"url": "http://reviews:9080/reviews/0"}


def test_defaults_are_one_get():
    batch = parse_batch(json.dumps(GOOD).encode())
    assert (batch.protocol, batch.method, batch.count, batch.concurrency) == ("http", "GET", 1, 1)
    assert (batch.timeout, batch.body_limit, batch.new_connections) == (5.0, 65536, False)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"count": 0}, "count: must be 1..20000"),
        ({"count": 20001}, "count: must be 1..20000"),
        ({"count": True}, "count: must be 1..20000"),
        ({"count": "20"}, "count: must be 1..20000"),
        ({"count": None}, "count: must be 1..20000"),
        ({"concurrency": 257}, "concurrency: must be 1..256"),
        ({"timeout": 0}, "timeout: must be seconds above 0, at most 300"),
        ({"timeout": "5"}, "timeout: must be seconds above 0, at most 300"),
        ({"deadline": 901}, "deadline: must be seconds above 0, at most 900"),
        ({"protocol": "gopher"}, "protocol: must be http"),
        ({"method": "get"}, "method: must be 1..20 capital letters"),
        ({"url": "reviews:9080"}, "url: must be http://host[:port]/path"),
        ({"url": "https://reviews/"}, "url: must be http://host[:port]/path"),
        ({"url": "http:///x"}, "url: must be http://host[:port]/path"),
        ({"url": "http://a:b@c/"}, "url: must not carry a user or password; send an authorization header"),
        ({"url": "http://a/ b"}, "url: must be 1..8192 printable ASCII characters without spaces"),
        ({"url": 7}, "url: must be 1..8192 printable ASCII characters without spaces"),
        ({"headers": ["a"]}, "headers: must be an object of names and texts"),
        ({"headers": {"a b": "c"}}, "headers: 'a b' is no header name"),
        ({"headers": {"a": "b\r\nc: d"}}, "headers: value of a must be text without control characters"),
        ({"headers": {"a": 1}}, "headers: value of a must be text without control characters"),
        ({"body": 1}, "body: must be text"),
        ({"body": "\ud800"}, "body: must be text that UTF-8 can carry"),
        ({"body": "x" * 1048577}, "body: must be at most 1048576 bytes"),
        ({"new_connections": 1}, "new_connections: must be true or false"),
        ({"body_limit": -1}, "body_limit: must be 0..1048576"),
        ({"count": 4200}, "body_limit: must be 0..998 for 4200 calls"),
    ],
)
def test_wrong_field_is_named(change, message):
    with pytest.raises(BadBatchError) as error:
        parse_batch(json.dumps(GOOD | change).encode())
    assert str(error.value) == message


@pytest.mark.parametrize(
    ("text", "beginning"),
    [
        (b"", "batch: "),
        (b"[]", "batch: "),
        (b"\xff", "batch: "),
        (b"{}", "url: must be given"),
        (b'{"url": "http://a:port/"}', "url: is no URL"),
        (b'{"url": "http://a:99999/"}', "url: is no URL"),
        (b'{"url": "http://a/", "concurency": 1}', "concurency: unknown field"),
    ],
)
def test_wrong_document_is_refused(text, beginning):
    with pytest.raises(BadBatchError) as error:
        parse_batch(text)
    assert str(error.value).startswith(beginning)


def test_control_api_answers_a_bad_batch_with_422():
    async def test():
        async with running_probe() as probe:
            assert await probe.send(**GOOD, count=0) == (422, {"error": "count: must be 1..20000"})

    run(test())
