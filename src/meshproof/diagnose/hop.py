"""The hop that failed, read from the evidence: who called whom."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

OUTSIDE = "outside"
GATEWAY_PORTS = {"http": 80, "https": 443}

# `probe-a -> GET http://reviews:9080/reviews/0  host: x  end-user: jason`, as evidence shows a call.
_CALL = re.compile(
    r"^(?:curl in )?(?P<source>\S+) -> (?:HTTP/2 )?(?:(?P<method>[A-Z]+) )?(?P<url>\S+://\S+)(?P<rest>.*)$"
)
_ROW = re.compile(r"^\s*(?P<word>[a-z]+)\s+(?P<text>.*)$")
_NEXT_KIND = re.compile(r", (?=\d+x )")
_HELD = "as expected"


@dataclass(frozen=True)
class Hop:
    """One caller and one callee.

    Args:
        source: the sender's name: an app of the run, or `outside`.
        method: of HTTP; empty where the protocol has none.
        host: the name that is resolved.
        authority: the name that the proxy routes by; without a port.
        port: of the callee's Service.
        path: with its query.
        headers: pairs, names in lower case, hidden values as they are shown.
    """

    source: str
    method: str
    host: str
    authority: str
    port: int
    path: str
    headers: tuple[tuple[str, str], ...]

    @property
    def outside(self) -> bool:
        """Whether the call comes in through the gateway."""
        return self.source == OUTSIDE

    @property
    def callee(self) -> str:
        """What a sentence calls the called side."""
        return self.authority if self.outside else self.host


def parse(call: str) -> Hop | None:
    """Return the hop of a call as evidence shows it, or None when the text is no call."""
    match = _CALL.match(call.strip())
    if match is None:
        return None
    try:
        url = urlsplit(match["url"])
        port = url.port or GATEWAY_PORTS.get(url.scheme, 0)
    except ValueError:
        return None
    if not url.hostname:
        return None
    words = [word.partition(": ") for word in match["rest"].split("  ") if ": " in word]
    headers = tuple((name.lower(), value) for name, _, value in words)
    named = dict(headers).get("host", url.hostname)
    path = url.path or "/"
    return Hop(
        source=match["source"],
        method=match["method"] or "",
        host=url.hostname,
        authority=re.sub(r":\d+$", "", named),
        port=port,
        path=f"{path}?{url.query}" if url.query else path,
        headers=tuple(pair for pair in headers if pair[0] != "host"),
    )


def row(lines: Iterable[str], word: str) -> str:
    """Return what stands behind a word in evidence, or nothing."""
    matches = (_ROW.match(line) for line in lines)
    return next((match["text"] for match in matches if match and match["word"] == word), "")


def misses(lines: Iterable[str]) -> tuple[str, ...]:
    """Return what came instead of what was expected: the last miss and the most frequent one.

    Rarer ones may be left from before, and do not explain what remained.
    """
    lines = tuple(lines)
    found = (row(lines, "last"), _NEXT_KIND.split(row(lines, "seen"))[0])
    return tuple(text for text in found if text and not text.startswith(_HELD))
