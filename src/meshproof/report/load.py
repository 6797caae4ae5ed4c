"""The load run's numbers, from the JSON summary that Locust writes."""

import math
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from meshproof.results import Text

LOAD_SUMMARY = "load.json"
LOAD_PAGE = "load.html"

_Number = Annotated[float, Field(ge=0, allow_inf_nan=False)]
_Count = Annotated[int, Field(ge=0)]


class _Entry(BaseModel):
    """One line of Locust's statistics: times in ms, timestamps in seconds since the epoch."""

    model_config = ConfigDict(frozen=True)

    name: Text
    method: Text | None = None
    start_time: _Number
    last_request_timestamp: _Number | None = None
    num_requests: _Count
    num_failures: _Count
    max_response_time: _Number
    response_times: dict[_Count, _Count]


_SUMMARY = TypeAdapter(list[_Entry])


class LoadLine(BaseModel):
    """One kind of request under load.

    Percentiles are in ms, as coarse as Locust keeps them (two significant digits, at least 1 ms), and None
    when no request was timed.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    requests: int
    failures: int
    per_second: float
    p50: int | None
    p95: int | None
    p99: int | None
    slowest: float


class Load(BaseModel):
    """The load run: a line for each kind of request, and all together.

    Args:
        seconds: from the first to the last request.
        lines: one per kind of request.
        total: all of them.
        page: name of Locust's own report beside ours; None when there is none.
    """

    model_config = ConfigDict(frozen=True)

    seconds: float
    lines: tuple[LoadLine, ...]
    total: LoadLine
    page: str | None


def read_load(folder: Path) -> tuple[Load | None, str | None]:
    """Read the load summary of a report folder.

    Returns:
        The load and None; None and why it cannot be shown; or twice None when there was no load run.
    """
    path = folder / LOAD_SUMMARY
    try:
        entries = _SUMMARY.validate_json(path.read_bytes())
    except FileNotFoundError:
        return None, None
    except (OSError, ValidationError) as error:
        reason = error.strerror if isinstance(error, OSError) else f"{error.error_count()} things wrong in it"
        return None, f"The load run is not shown: {LOAD_SUMMARY} cannot be read ({reason})."
    if not entries:
        return None, f"The load run is not shown: {LOAD_SUMMARY} holds no request."
    begin = min(entry.start_time for entry in entries)
    seconds = max((entry.last_request_timestamp or begin) for entry in entries) - begin
    times: dict[int, int] = {}
    for entry in entries:
        for time, count in entry.response_times.items():
            times[time] = times.get(time, 0) + count
    load = Load(
        seconds=seconds,
        lines=tuple(
            _line(f"{entry.method or ''} {entry.name}".strip(), [entry], entry.response_times, seconds)
            for entry in entries
        ),
        total=_line("all requests", entries, times, seconds),
        page=LOAD_PAGE if (folder / LOAD_PAGE).is_file() else None,
    )
    return load, None


def _line(name: str, entries: list[_Entry], times: dict[int, int], seconds: float) -> LoadLine:
    requests = sum(entry.num_requests for entry in entries)
    return LoadLine(
        name=name,
        requests=requests,
        failures=sum(entry.num_failures for entry in entries),
        per_second=requests / seconds if seconds else 0.0,
        p50=_percentile(times, 0.50),
        p95=_percentile(times, 0.95),
        p99=_percentile(times, 0.99),
        slowest=max(entry.max_response_time for entry in entries),
    )


def _percentile(times: dict[int, int], share: float) -> int | None:
    """Return the smallest time (ms) within which at least this share of the timed requests was answered."""
    left = math.ceil(sum(times.values()) * share)
    for time in sorted(times):
        left -= times[time]
        if left <= 0 and times[time]:
            return time
    return None
