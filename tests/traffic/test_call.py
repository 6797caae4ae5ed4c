"""Calls and replies as evidence shows them."""

from scripted import RESET, served

from meshproof.traffic.call import Call, pairs


def test_call_shows_its_headers_but_no_credentials():
    headers = pairs({"end-user": "jason", "Authorization": "Bearer abc", "cookie": "session=1"})
    call = Call("probe-a", "GET", "http://x/", headers, "", 5.0, None)
    assert str(call) == (
        "probe-a -> GET http://x/  end-user: jason  Authorization: (hidden)  cookie: (hidden)"
    )


def test_reply_says_who_answered():
    reply = served(2)
    assert (reply.pod, reply.workload, reply.version) == ("reviews-v2-6d79f8b5c-2mzqw", "reviews-v2", "v2")
    assert str(reply) == "status 200, served by reviews-v2-6d79f8b5c-2mzqw"
    assert reply.without_pod(str(reply)) == "status 200, served by reviews-v2-…"
    assert RESET.without_pod(str(RESET)) == "connection reset by peer"
