"""Memory of a kind node: what its processes hold, shared pages counted once."""

from pathlib import Path

from meshproof.supply.engine import Engine

KIB = 1024


def node_bytes(engine: Engine, container: str) -> int:
    """Proportional set size (PSS) of every process in a container, in bytes.

    PSS and not RSS: the sidecars share one binary, which RSS would count once for each of them.

    Args:
        engine: holds the container.
        container: its name.
    """
    inside = engine.run("inspect", "--format", "{{.State.Pid}}", container).strip()
    namespace = Path(f"/proc/{inside}/ns/cgroup").readlink()
    total = 0
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if (folder / "ns" / "cgroup").readlink() == namespace or _descends(folder, int(inside)):
                total += _pss(folder)
        except OSError:
            # It ended while it was looked at.
            continue
    return total


def _descends(folder: Path, ancestor: int) -> bool:
    pid = int(folder.name)
    while pid > 1:
        if pid == ancestor:
            return True
        status = Path(f"/proc/{pid}/status").read_text()
        pid = int(next(line.split()[1] for line in status.splitlines() if line.startswith("PPid:")))
    return False


def _pss(folder: Path) -> int:
    for line in (folder / "smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * KIB
    return 0
