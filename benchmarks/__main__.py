"""Measure the demo and write docs/benchmarks.md.

usage: python -m benchmarks [--cold | --engine | --areas [WORD ...]]

Without a word: three rounds from no cluster to a page through the gateway, on warm caches, and in each a run
of all behaviours, and one of some areas with their control; then the engine by itself. With --cold: one build
of every image in an empty store, which takes a quarter of an hour, and nothing else is measured. With
--engine: what needs no cluster, in seconds. With --areas: those areas and their control alone, in a cluster
made for it; words of `meshproof run` after it narrow them, and what they give is shown and not kept.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from benchmarks.areas import COMMAND, proven_and_controlled, ran
from benchmarks.engine import peak_of_run, report_of_many, start_up
from benchmarks.memory import node_bytes
from benchmarks.probes import through_two_sidecars
from benchmarks.table import (
    AGAIN,
    COLD,
    DEMO_MEMORY,
    GB,
    PROBE_CALLS,
    PROBE_MEMORY,
    REPORT,
    RUN_MEMORY,
    START_UP,
    WHOLE,
    exceeded,
    table,
)
from meshproof.cluster import state
from meshproof.cluster.kind import Kind
from meshproof.mesh.helm import Helm
from meshproof.paths import paths
from meshproof.process import Stopwatch
from meshproof.supply.choose import choose
from meshproof.supply.engine import Engine, detect

ROUNDS = 3
NAME = "meshproof-bench"
RESULTS = paths().house / "docs" / "benchmarks.json"
PAGE = paths().house / "docs" / "benchmarks.md"


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
            found.setdefault(RUN_MEMORY, []).append(peak_of_run(partial(suite, folder)))
            for name, figure in proven_and_controlled(NAME, Path(folder) / "areas").items():
                found.setdefault(name, []).append(figure)
        for name, seconds in phases.items():
            found.setdefault(name.replace(NAME, "").replace("  ", " "), []).append(seconds)
        found.setdefault(WHOLE, []).append(whole)
        found.setdefault(AGAIN, []).append(meshproof("up", "--name", NAME))
        found.setdefault(DEMO_MEMORY, []).append(node_bytes(engine, f"{NAME}-control-plane"))
        seconds, held = probes(engine)
        found.setdefault(PROBE_CALLS, []).append(seconds)
        found.setdefault(PROBE_MEMORY, []).append(held)
    meshproof("down", "--name", NAME)
    return found


def areas(words: Sequence[str]) -> dict[str, list[float]]:
    """Three rounds of some areas and their control, on one demo."""
    found: dict[str, list[float]] = {}
    meshproof("up", "--name", NAME)
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory() as folder:
            for name, figure in proven_and_controlled(NAME, Path(folder), words).items():
                found.setdefault(name, []).append(figure)
    meshproof("down", "--name", NAME)
    return found


def suite(folder: str) -> float:
    """A run of all behaviours on the demo; its seconds."""
    return ran("run", NAME, Path(folder))[0]


def engine_alone() -> dict[str, list[float]]:
    """What the engine takes where no cluster has a part in it."""
    # The first of each fills the caches of Python and of the file system.
    start_up(), report_of_many()
    return {
        START_UP: [start_up() for _ in range(ROUNDS)],
        REPORT: [report_of_many() for _ in range(ROUNDS)],
    }


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
        return {COLD: [meshproof("images", "build", **empty)]}
    finally:
        subprocess.run(["umount", folder / "graph" / "overlay"], check=False, capture_output=True)
        shutil.rmtree(folder)


def main() -> None:
    """Measure, keep the figures, write the page; a figure above its bound ends it with status 1."""
    found = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    words = sys.argv[1:]
    if words and (words[0] not in {"--cold", "--engine", "--areas"} or (words[1:] and words[0] != "--areas")):
        sys.exit(f"{' '.join(words)}: not known; {(__doc__ or '').strip().splitlines()[2]}")
    if words[:1] == ["--areas"] and words[1:]:
        sys.stdout.write(table(areas(words[1:])))
        return
    if "--cold" in words:
        found |= cold()
    elif "--areas" in words:
        found |= areas(())
    else:
        found |= engine_alone() | ({} if "--engine" in words else warm())
    keep(found)
    if worse := exceeded(found):
        sys.exit("\n".join(worse))


def keep(found: dict[str, list[float]]) -> None:
    """Write the figures, and the page that shows them."""
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
        "container, as the kubelet measures it; that of the runner is the peak of what pytest held.\n\n"
        f"{table(found)}"
    )


if __name__ == "__main__":
    main()
