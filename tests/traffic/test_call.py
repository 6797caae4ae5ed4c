"""Calls and replies as evidence shows them."""

from dataclasses import replace

from scripted import RESET, Script, served

from meshproof.traffic import ClientCertificate, Failure, FailureKind, Protocol, Reply, Tls
from meshproof.traffic.call import Call, pairs

KEY = "-----BEGIN PRIVATE KEY-----"


def test_call_shows_its_headers_but_no_credentials():
    headers = pairs({"end-user": "jason", "Authorization": "Bearer abc", "cookie": "session=1"})
    call = Call("probe-a", "GET", "http://x/", headers, "", 5.0, None)
    assert str(call) == (
        "probe-a -> GET http://x/  end-user: jason  Authorization: (hidden)  cookie: (hidden)"
    )


def test_call_shows_how_it_is_spoken_but_no_key():
    tls = Tls("shop.example", ca=KEY, client=ClientCertificate("PEM", KEY), alpn=("h2", "http/1.1"))
    call = Call(
        "probe-a", "GET", "https://x/", (), "", 5.0, None, protocol=Protocol.HTTP2, host="shop", tls=tls
    )
    assert str(call) == (
        "probe-a -> HTTP/2 GET https://x/  host: shop  sni: shop.example  alpn: h2, http/1.1"
        "  trust: a CA of its own  certificate: of its own"
    )
    assert KEY not in repr(call)
    assert str(replace(call, protocol=Protocol.HTTP3)).startswith("probe-a -> HTTP/3 GET https://x/  host")
    tcp = replace(call, method="", url="tcp://x:8083", protocol=Protocol.TCP, host=None, tls=None)
    assert str(tcp) == "probe-a -> tcp://x:8083"
    assert str(replace(tcp, server_first=True)) == "probe-a -> tcp://x:8083  (server first)"


def test_reply_says_who_answered():
    reply = served(2)
    assert (reply.pod, reply.workload, reply.version) == ("reviews-v2-6d79f8b5c-2mzqw", "reviews-v2", "v2")
    assert str(reply) == "status 200, served by reviews-v2-6d79f8b5c-2mzqw"
    assert reply.without_pod(str(reply)) == "status 200, served by reviews-v2-…"
    assert RESET.without_pod(str(RESET)) == "connection reset by peer"


def test_reply_says_what_happened_in_the_words_of_its_protocol():
    unavailable = Reply(200, {"grpc-status": "14", "grpc-message": "no healthy upstream"})
    alert = Failure(FailureKind.TLS, "alert 116 (certificate_required) from the peer", 116)
    assert str(unavailable) == "gRPC status 14 (no healthy upstream)"
    assert str(Reply(None, {"x-served-by": "probe-b-1"})) == "answered, served by probe-b-1"
    assert str(Reply(None, failure=alert)) == "alert 116 (certificate_required) from the peer"


def test_reply_succeeded_when_it_is_the_good_one_of_its_protocol():
    good = [Reply(200), Reply(101), Reply(None), Reply(200, {"grpc-status": "0"})]
    bad = [Reply(503), Reply(200, {"grpc-status": "14"}), RESET, Reply(200, failure=RESET.failure)]
    assert [reply.succeeded for reply in good + bad] == [True] * 4 + [False] * 4


def test_call_can_be_sent_once(clock):
    script = Script(clock, iter([served(2)]))
    assert script.call().once() == served(2)
    ((_, batch),) = script.batches
    assert (batch.count, batch.deadline, batch.new_connections) == (1, 5.0, True)


def test_call_that_is_left_without_a_reply_has_timed_out(clock):
    reply = Script(clock, (), most=0).call().once()
    assert (str(reply), reply.answered) == ("no reply", False)
