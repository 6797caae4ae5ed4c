"""How often calls with a key arrived at this pod, whatever the protocol."""

import time
from array import array
from collections import OrderedDict
from dataclasses import dataclass, field

from probe import fields
from probe.fields import BadFieldError

MOST_KEYS = 10_000
MOST_MOMENTS = 1_000
"""Arrivals of one key whose time is kept; the count goes on."""

MOST_MOMENTS_OF_ALL = 500_000
"""Arrivals of all keys whose time is kept: 4 MB. A probe lives in 100 MB."""


@dataclass(slots=True)
class Calls:
    """The calls of one key.

    `count` is how many arrived, `at` when (Unix seconds), oldest first, the last 1,000 at most.
    """

    count: int = 0
    at: array[float] = field(default_factory=lambda: array("d"))


class Seen:
    """The log of calls by key. The keys that were called least recently are forgotten first.

    Args:
        most_keys: keys that are kept.
        most_moments: times that are kept, over all keys.
    """

    def __init__(self, most_keys: int = MOST_KEYS, most_moments: int = MOST_MOMENTS_OF_ALL) -> None:
        self._calls: OrderedDict[str, Calls] = OrderedDict()
        self._most_keys = most_keys
        self._most_moments = most_moments
        self._moments = 0

    def arrived(self, key: str) -> int:
        """Note a call and return its number among the calls of its key, from 1."""
        calls = self._calls.get(key)
        if calls is None:
            calls = self._calls[key] = Calls()
        else:
            self._calls.move_to_end(key)
        calls.count += 1
        calls.at.append(time.time())
        if len(calls.at) > MOST_MOMENTS:
            del calls.at[0]
        else:
            self._moments += 1
        while len(self._calls) > self._most_keys or (
            self._moments > self._most_moments and len(self._calls) > 1
        ):
            _, forgotten = self._calls.popitem(last=False)
            self._moments -= len(forgotten.at)
        return calls.count

    def count(self, key: str) -> int:
        """Return how many calls of a key arrived: 0 when there were none (or they are forgotten)."""
        calls = self._calls.get(key)
        return calls.count if calls else 0

    def calls(self, key: str) -> Calls:
        """Return the calls of a key: a copy, empty when there were none (or they are forgotten)."""
        calls = self._calls.get(key)
        return Calls(calls.count, calls.at[:]) if calls else Calls()


def parse_keys(text: bytes) -> list[str]:
    """Read the keys whose calls are asked for from the JSON text of a control call.

    Raises:
        BadFieldError: names the field and what it must be.
    """
    keys = fields.members(fields.json_value(text), "request", ("keys",)).get("keys")
    if not isinstance(keys, list) or len(keys) > MOST_KEYS or not all(isinstance(key, str) for key in keys):
        raise BadFieldError("keys", f"must be a list of at most {MOST_KEYS} texts")
    return keys
