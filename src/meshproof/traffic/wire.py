"""Batches and replies as probes write them."""

from collections.abc import Mapping
from typing import Any

from meshproof.traffic.call import Batch, Call
from meshproof.traffic.protocol import Tls
from meshproof.traffic.reply import Failure, FailureKind, Handshake, Reply


def document_of(call: Call, batch: Batch) -> dict[str, Any]:
    """Return the batch as the probe reads it.

    What is not asked for is left out: a probe refuses a field that makes no sense for a call's protocol.
    """
    tls = call.tls or Tls()
    client = tls.client and {"certificate": tls.client.certificate, "key": tls.client.key}
    wanted = {
        "method": call.method,
        "headers": dict(call.headers),
        "body": call.body,
        "host": call.host,
        "sni": tls.sni,
        "ca": tls.ca,
        "client_certificate": client,
        "alpn": list(tls.alpn),
        "tls_version": tls.version,
        "server_first": call.server_first,
        "rate": batch.rate,
    }
    kept = None if batch.keep_headers is None else list(batch.keep_headers)
    return {
        "protocol": str(call.protocol),
        "url": call.url,
        "timeout": call.timeout,
        "count": batch.count,
        "concurrency": batch.concurrency,
        "deadline": batch.deadline,
        "new_connections": batch.new_connections,
        "body_limit": batch.body_limit,
        **{name: value for name, value in wanted.items() if value},
        **({} if kept is None else {"keep_headers": kept}),
    }


def reply_of(document: Mapping[str, Any]) -> Reply:
    """Return a reply as the probe wrote it.

    Raises:
        KeyError, TypeError, ValueError: that is no reply.
    """
    failure, tls = document["failure"], document["tls"]
    return Reply(
        status=document["status"],
        headers=document["headers"],
        body=document["body"],
        seconds=document["seconds"],
        failure=failure and Failure(FailureKind(failure["kind"]), failure["detail"], failure["alert"]),
        tls=tls and Handshake(tls["version"], tls["alpn"], tls["certificate"]),
    )
