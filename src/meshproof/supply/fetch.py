"""What is had over HTTPS: whether an address answers, and files that must be the pinned ones."""

import hashlib
import os
import threading
from pathlib import Path

import requests
from urllib3.exceptions import NameResolutionError

from meshproof.errors import MeshproofError
from meshproof.supply.engine import CA_BUNDLE

CONNECT_SECONDS = 10.0
SILENCE_SECONDS = 60.0
CHUNK_BYTES = 1 << 20
# The first that fits: the classes of requests overlap.
REASONS: tuple[tuple[type[Exception], str], ...] = (
    (requests.exceptions.SSLError, "its certificate is not trusted here"),
    (requests.exceptions.ProxyError, "the proxy does not let it through"),
    (requests.Timeout, "timed out"),
    (NameResolutionError, "its name is not known here"),
)


class FetchFailed(MeshproofError):
    """A release file could not be had, or is not the one that is pinned."""


def refusal(address: str, seconds: float, *, good: frozenset[int]) -> str | None:
    """Ask an address once.

    Args:
        address: where to ask.
        seconds: the bound of the whole question, looking up the name included.
        good: the HTTP statuses that count as an answer.

    Returns:
        None when it answers, otherwise why it does not, as a few words for the user.
    """
    found: list[str | None] = []

    def ask() -> None:
        try:
            status = requests.get(address, timeout=seconds, verify=_trust()).status_code
        except requests.RequestException as error:
            found.append(reason(error))
        else:
            found.append(None if status in good else f"it answered with HTTP status {status}")

    # A thread, because no library bounds the look-up of a name.
    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(seconds)
    return found[0] if found else f"no answer within {seconds:g} s"


def fetch(address: str, sha256: str, target: Path) -> None:
    """Download a file and compare it with its pin; the file appears only when it is the pinned one.

    Raises:
        FetchFailed: it cannot be had, or is another file.
    """
    digest = hashlib.sha256()
    partial = target.with_name(f"{target.name}.partial")
    bounds = (CONNECT_SECONDS, SILENCE_SECONDS)
    try:
        with requests.get(address, stream=True, timeout=bounds, verify=_trust()) as reply:
            reply.raise_for_status()
            with partial.open("wb") as file:
                for chunk in reply.iter_content(CHUNK_BYTES):
                    digest.update(chunk)
                    file.write(chunk)
    except requests.RequestException as error:
        raise FetchFailed(
            f"{address} cannot be fetched: {reason(error)}",
            "check this machine's network or proxy settings, or use --supply packages",
        ) from error
    except OSError as error:
        raise FetchFailed(
            f"{address} cannot be written to {target.parent}: {error.strerror}",
            "free some space there, or name another folder with MESHPROOF_CACHE",
        ) from error
    if digest.hexdigest() != sha256:
        partial.unlink()
        raise FetchFailed(
            f"{address} is not the pinned file: its SHA-256 is {digest.hexdigest()}, not {sha256}",
            "trust neither until you know which one is right; the pin is in images/versions.toml",
        )
    partial.rename(target)


def reason(error: requests.RequestException) -> str:
    """Why a request got no answer, in a few words."""
    if isinstance(error, requests.HTTPError) and error.response is not None:
        return f"it answered with HTTP status {error.response.status_code}"
    cause = getattr(error.args[0], "reason", None) if error.args else None
    for kind, words in REASONS:
        if isinstance(error, kind) or isinstance(cause, kind):
            return words
    # urllib3 keeps the system's error only as the text of its own.
    return "connection refused" if "refused" in str(error) else f"connection failed ({type(error).__name__})"


def _trust() -> str | bool:
    """The system's certificates, among them those of a company's proxy, unless the user names others."""
    named = "REQUESTS_CA_BUNDLE" in os.environ or "CURL_CA_BUNDLE" in os.environ
    return True if named or not CA_BUNDLE.exists() else str(CA_BUNDLE)
