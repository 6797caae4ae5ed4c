"""Several batches that one control call asks for, validated field by field."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from probe import fields
from probe.batch import LONGEST_BATCH, MOST_CALLS, Batch, batch_of
from probe.fields import BadFieldError

MOST_BATCHES = 1_000
MOST_BATCHES_AT_ONCE = 64


@dataclass(frozen=True, slots=True)
class Batches:
    """Batches to run, `concurrency` of them at the same time.

    `deadline` (seconds) bounds them all together: a batch ends by then, whatever its own deadline is.
    """

    batches: tuple[Batch, ...]
    concurrency: int
    deadline: float


def _batches(value: Any) -> tuple[Batch, ...]:
    if not isinstance(value, list) or not 1 <= len(value) <= MOST_BATCHES:
        raise BadFieldError("batches", f"must be a list of 1..{MOST_BATCHES} batches")
    batches = []
    for number, one in enumerate(value):
        try:
            batches.append(batch_of(one))
        except BadFieldError as error:
            raise BadFieldError(f"batches[{number}]", str(error)) from error
    if sum(batch.count for batch in batches) > MOST_CALLS:
        raise BadFieldError("batches", f"must be at most {MOST_CALLS} calls in all")
    return tuple(batches)


_NUMBERS: Mapping[str, Any] = {
    "concurrency": fields.whole(1, MOST_BATCHES_AT_ONCE),
    "deadline": fields.seconds(LONGEST_BATCH),
}


def parse_batches(text: bytes) -> Batches:
    """Read batches from the JSON text of a control call.

    Raises:
        BadFieldError: names the field and what it must be, and the number of its batch, from 0.
    """
    document = fields.members(fields.json_value(text), "request", ("batches", *_NUMBERS))
    said = {"concurrency": 1, "deadline": LONGEST_BATCH, **document}
    numbers = {}
    for name, parse in _NUMBERS.items():
        try:
            numbers[name] = parse(said[name])
        except ValueError as error:
            raise BadFieldError(name, str(error)) from error
    return Batches(_batches(said.get("batches")), **numbers)
