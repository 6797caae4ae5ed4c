"""Measure the demo and write docs/benchmarks.md.

usage: python -m benchmarks [--cold]

Without --cold: three rounds from no cluster to a page through the gateway, on warm caches. With --cold: one
build of every image in an empty store, which takes a quarter of an hour, and nothing else is measured.
"""

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from benchmarks.memory import node_bytes
from benchmarks.probes import through_two_sidecars
from meshproof.cluster import state
from meshproof.cluster.kind import Kind
from meshproof.mesh.helm import Helm
from meshproof.paths import paths
from meshproof.process import Stopwatch
from meshproof.supply.choose import choose
from meshproof.supply.engine import Engine, detect

ROUNDS = 3
NAME = "meshproof-bench"
COMMAND = [sys.executable, "-c", "from meshproof.cli import main; main()"]
RESULTS = paths().house / "docs" / "benchmarks.json"
PAGE = paths().house / "docs" / "benchmarks.md"
MB, GB = 1000**2, 1000**3
PROBE_CALLS = "4,000 HTTP requests probe to probe through two sidecars (s)"
PROBE_MEMORY = "memory of a probe after it (MB)"
BOUNDS = {
    "supply, cold": "at most 1,200 s",
    "no cluster to page, whole command": "at most 90 s",
    "again on a healthy demo": "at most 5 s",
    "memory of the demo, idle": "at most 5 GB",
    PROBE_CALLS: "at most 8 s",
    PROBE_MEMORY: "at most 100 MB",
}


def meshproof(*words: str, **env: str) -> float:
    """Run the command to its end and return its seconds."""
    watch = Stopwatch()
    subprocess.run([*COMMAND, *words], check=True, env={**os.environ, **env})
    return watch.seconds


def warm() -> dict[str, list[float]]:
    """Three rounds from no cluster to the page; figure -> one value a round, seconds or bytes."""
    found: dict[str, list[float]] = {}
    engine = detect(paths())
    meshproof("images", "build")
    for _ in range(ROUNDS):
        meshproof("down", "--name", NAME)
        with tempfile.TemporaryDirectory() as folder:
            whole = meshproof("up", "--name", NAME, "--output", folder)
            phases = json.loads((Path(folder) / "demo.json").read_text())["seconds"]
        for name, seconds in phases.items():
            found.setdefault(name.replace(NAME, "").replace("  ", " "), []).append(seconds)
        found.setdefault("no cluster to page, whole command", []).append(whole)
        found.setdefault("again on a healthy demo", []).append(meshproof("up", "--name", NAME))
        found.setdefault("memory of the demo, idle", []).append(node_bytes(engine, f"{NAME}-control-plane"))
        seconds, held = probes(engine)
        found.setdefault(PROBE_CALLS, []).append(seconds)
        found.setdefault(PROBE_MEMORY, []).append(held)
    meshproof("down", "--name", NAME)
    return found


def probes(engine: Engine) -> tuple[float, int]:
    """Seconds of a sample between two probes of the demo, and the bytes of a probe after it."""
    made = state.load(paths(), NAME)
    supplied = choose(made.supply, paths()).prepare(engine)
    cluster = Kind(paths(), engine, NAME).cluster(made)
    helm = Helm(supplied.tools.helm, cluster.kubeconfig, cluster.context)
    return through_two_sidecars(cluster, helm, paths().house / "charts" / "probe", supplied.images["probe"])


def cold() -> dict[str, list[float]]:
    """One build of everything in a store with nothing in it."""
    folder = Path(tempfile.mkdtemp(prefix="meshproof-cold-", dir=paths().cache.parent))
    conf = folder / "storage.conf"
    conf.write_text(
        f'[storage]\ndriver = "overlay"\ngraphroot = "{folder}/graph"\nrunroot = "{folder}/run"\n'
    )
    empty = {
        "CONTAINERS_STORAGE_CONF": str(conf),
        "MESHPROOF_CACHE": str(folder / "cache"),
        "TMPDIR": str(folder),
    }
    try:
        return {"supply, cold": [meshproof("images", "build", **empty)]}
    finally:
        subprocess.run(["umount", folder / "graph" / "overlay"], check=False, capture_output=True)
        shutil.rmtree(folder)


def shown(name: str, value: float) -> str:
    """A figure with its unit."""
    if name.endswith("(MB)"):
        return f"{value / MB:.0f} MB"
    return f"{value / GB:.2f} GB" if name.startswith("memory") else f"{value:.1f} s"


def rows(found: dict[str, list[float]]) -> Iterable[str]:
    """A line of the table for each figure."""
    for name, values in found.items():
        middle, low, high = statistics.median(values), min(values), max(values)
        figures = " | ".join(shown(name, value) for value in (middle, low, high))
        yield f"| {name} | {figures} | {len(values)} | {BOUNDS.get(name, '')} |"


def main() -> None:
    """Measure, keep the figures, write the page."""
    found = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    found |= cold() if "--cold" in sys.argv[1:] else warm()
    RESULTS.write_text(json.dumps(found, indent=2) + "\n")
    machine = (
        f"{os.cpu_count()} cores, {os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / GB:.0f} GB"
    )
    PAGE.write_text(
        "# Benchmarks\n\n"
        "Written by `nox -s bench` and `nox -s bench -- --cold`; "
        f"measured on {machine}, supply `packages`, Podman.\n"
        "Seconds are wall time of whole commands, or of the phases that they print. Memory is the\n"
        "proportional set size of every process in the node; that of a probe is the working set of its\n"
        "container, as the kubelet measures it.\n\n"
        "| what | median | minimum | maximum | runs | wanted |\n| --- | --- | --- | --- | --- | --- |\n"
        + "\n".join(rows(found))
        + "\n"
    )


if __name__ == "__main__":
    main()
