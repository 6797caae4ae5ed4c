"""Sends HTTP/3 calls: over https://, without asking over TCP first."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from probe.batch import Batch
from probe.send.call import Send
from probe.send.connect import Connector
from probe.send.h3 import opened
from probe.send.http2 import send_by_streams
from probe.send.pool import Pool


@asynccontextmanager
async def http3_sender(batch: Batch) -> AsyncIterator[Send]:
    """Send HTTP/3 calls."""
    pool = Pool(partial(opened, Connector(batch), batch.quic), each_new=batch.new_connections)
    async with send_by_streams(batch, pool) as send:
        yield send
