"""The figures as a table, and whether they keep their bounds."""

import statistics
from collections.abc import Mapping, Sequence

MB, GB = 1000**2, 1000**3
COLD = "supply, cold"
WHOLE = "no cluster to page, whole command"
AGAIN = "again on a healthy demo"
DEMO_MEMORY = "memory of the demo, idle"
PROBE_CALLS = "4,000 HTTP requests from probe to probe through two sidecars"
PROBE_MEMORY = "memory of a probe after them"
START_UP = "start-up and collection, beyond those of plain pytest"
REPORT = "report of 500 behaviours"
RUN_MEMORY = "memory of the runner in a run of all behaviours"
PROVEN = "routing, resilience and ingress with a mesh up, two workers, whole command"
WAITED = "share of their tests' time that was waited after it was already true"
CONTROL = "control of the same, whole command"
BOUNDS: Mapping[str, float] = {
    COLD: 1200,
    WHOLE: 90,
    AGAIN: 5,
    DEMO_MEMORY: 5 * GB,
    PROBE_CALLS: 8,
    PROBE_MEMORY: 100 * MB,
    START_UP: 1,
    REPORT: 2,
    RUN_MEMORY: 250 * MB,
    PROVEN: 180,
    WAITED: 0.10,
    CONTROL: 180,
}
"""Figure -> the most that it may be: bytes of a memory, a fraction of a share, seconds elsewhere."""

HEAD = "| what | median | minimum | maximum | runs | at most |\n| --- | --- | --- | --- | --- | --- |\n"


def shown(name: str, value: float, digits: int = 1) -> str:
    """A figure with its unit."""
    if name.startswith("share"):
        return f"{value:.{digits}%}".replace("%", " %")
    if not name.startswith("memory"):
        return f"{value:.{digits}f} s"
    return f"{value / GB:.2f} GB" if value >= GB else f"{value / MB:.0f} MB"


def table(found: Mapping[str, Sequence[float]]) -> str:
    """A line for each figure."""
    return HEAD + "".join(_row(name, values) for name, values in found.items())


def exceeded(found: Mapping[str, Sequence[float]]) -> list[str]:
    """Each figure whose worst value is above its bound, in a sentence."""
    return [
        f"{name}: {shown(name, max(values))}, wanted at most {shown(name, BOUNDS[name], 0)}"
        for name, values in found.items()
        if name in BOUNDS and max(values) > BOUNDS[name]
    ]


def _row(name: str, values: Sequence[float]) -> str:
    middle, low, high = statistics.median(values), min(values), max(values)
    figures = " | ".join(shown(name, value) for value in (middle, low, high))
    bound = shown(name, BOUNDS[name], 0) if name in BOUNDS else ""
    return f"| {name} | {figures} | {len(values)} | {bound} |\n"
