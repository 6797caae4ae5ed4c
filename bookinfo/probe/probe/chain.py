"""A certificate with its chain and key, brought to OpenSSL."""

import os
import ssl


def load_chain(context: ssl.SSLContext, pem: bytes) -> None:
    """Load a certificate, its chain and its key, in any order.

    OpenSSL reads them from a file only; this one lives in memory, because the pod's root is read-only and a
    key has no business on a disk.

    Raises:
        OSError: it does not fit into memory, or (ssl.SSLError) is no chain with its key.
    """
    descriptor = os.memfd_create("chain")
    # A file object, not os.write: that may write a part and say nothing.
    with os.fdopen(descriptor, "wb") as file:
        file.write(pem)
        file.flush()
        # A key with a passphrase is refused; without this the library would ask for one at the terminal.
        context.load_cert_chain(f"/proc/self/fd/{descriptor}", password=lambda: "")
