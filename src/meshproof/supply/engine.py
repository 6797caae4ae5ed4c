"""The container engine: which one answers, and the commands that it is given."""

import json
import os
import resource
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from meshproof.errors import MeshproofError
from meshproof.paths import Paths
from meshproof.process import CommandFailed, find, run

CA_BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")
# On every image that is built here; it stays when a later build takes the tag away.
LABEL = "meshproof.dev/image"
WANTED_FILES = 1_048_576
WANTED_PROCESSES = 4_194_304
PROBE_SECONDS = 30.0
# What Podman needs on Debian to hold a kind node.
PODMAN_PACKAGES = (
    "podman",
    "netavark",
    "aardvark-dns",
    "containernetworking-plugins",
    "runc",
    "iptables",
    "nftables",
)


@dataclass(frozen=True)
class Engine:
    """A container engine that answered.

    Args:
        name: `podman` or `docker`.
        environment: variables that every program needs that talks to the engine, kind included.
    """

    name: str
    environment: Mapping[str, str] = field(default_factory=dict)

    def command(self, *words: str | Path) -> list[str]:
        """The command line of one call."""
        return [self.name, *(str(word) for word in words)]

    def run(self, *words: str | Path, log: Path | None = None, seconds: float | None = None) -> str:
        """Run one command and return its output."""
        return run(self.command(*words), log=log, env=self.environment, seconds=seconds)

    def images(self) -> set[str]:
        """References of all images that the engine has."""
        lines = self.run("images", "--format", "{{.Repository}}:{{.Tag}}").splitlines()
        return {line.strip() for line in lines}

    def build_command(
        self, folder: Path, tag: str, arguments: Mapping[str, str], target: str = ""
    ) -> list[str]:
        """The command line that builds one image.

        The host's network, because package registries are reached as the host reaches them; the host's CA
        bundle as a secret, because company proxies have a CA of their own that must not end up in an image.
        """
        words: list[str | Path] = ["build", "--network", "host", "--tag", tag, "--label", f"{LABEL}={tag}"]
        if CA_BUNDLE.exists():
            words += ["--secret", f"id=ca,src={CA_BUNDLE}"]
        for name, value in sorted(arguments.items()):
            words += ["--build-arg", f"{name}={value}"]
        if target:
            words += ["--target", target]
        return self.command(*words, folder)

    def save(self, references: Sequence[str], archive: Path) -> None:
        """Write several images to one archive, layers once; the archive appears whole or not at all."""
        partial = archive.with_suffix(".partial")
        partial.unlink(missing_ok=True)
        words: list[str | Path] = ["save", "--output", partial]
        if self.name == "podman":
            words += ["--multi-image-archive", "--format", "docker-archive"]
        self.run(*words, *references)
        partial.rename(archive)

    def extract(self, reference: str, inside: str, target: Path) -> None:
        """Copy a file or folder out of an image."""
        # An image made from scratch has no command, so one is named that never runs.
        container = self.run("create", reference, "/none").strip()
        try:
            self.run("cp", f"{container}:{inside}", target)
        finally:
            self.run("rm", "--force", container)

    def prune(self) -> None:
        """Remove images of ours whose tag a later build has taken."""
        self.run("image", "prune", "--force", "--filter", f"label={LABEL}")

    def containers(self, label: str) -> list[str]:
        """Names of all containers, running or not, that bear a label."""
        shown = self.run("ps", "--all", "--filter", f"label={label}", "--format", "{{.Names}}")
        return shown.split()


def containers_conf(*, cgroup_v2: bool, hard_files: int, hard_processes: int, may_raise: bool) -> str:
    """Podman's configuration for this machine.

    Args:
        cgroup_v2: whether the kernel offers the unified hierarchy.
        hard_files: the hard limit of open files, as `ulimit -Hn` prints it; -1 for none.
        hard_processes: how many processes a container may be allowed at the most.
        may_raise: whether limits can be raised (CAP_SYS_RESOURCE).

    Returns:
        The text of a containers.conf.
    """
    # Podman's default of 2,048 processes is reached with about 60 pods in one node.
    lines = ["[containers]", "pids_limit = 0"]
    # Podman asks for more than it may have, and then no container starts.
    limits = {"nofile": (hard_files, WANTED_FILES), "nproc": (hard_processes, WANTED_PROCESSES)}
    low = [f'"{name}={hard}:{hard}"' for name, (hard, wanted) in limits.items() if 0 < hard < wanted]
    if low and not may_raise:
        lines.append(f"default_ulimits = [{', '.join(low)}]")
    if not cgroup_v2:
        # crun refuses the hybrid hierarchy of cgroup v1.
        lines += ["[engine]", 'runtime = "runc"']
    return "\n".join(lines) + "\n"


def _may_raise_limits() -> bool:
    status = Path("/proc/self/status").read_text()
    effective = next(line.split()[1] for line in status.splitlines() if line.startswith("CapEff:"))
    cap_sys_resource = 24
    return bool(int(effective, 16) >> cap_sys_resource & 1)


def _hard_processes() -> int:
    # Podman lowers its own limit to pid_max when it starts, and no container may have more than that.
    pid_max = int(Path("/proc/sys/kernel/pid_max").read_text())
    hard = resource.getrlimit(resource.RLIMIT_NPROC)[1]
    return pid_max if hard == resource.RLIM_INFINITY else min(hard, pid_max)


def _podman_environment(paths: Paths) -> dict[str, str]:
    # Podman 5 warns of cgroup v1 at every call, in between what kind reads of its output.
    environment = {"KIND_EXPERIMENTAL_PROVIDER": "podman", "PODMAN_IGNORE_CGROUPSV1_WARNING": "1"}
    if "CONTAINERS_CONF" in os.environ:
        return environment
    text = containers_conf(
        cgroup_v2=Path("/sys/fs/cgroup/cgroup.controllers").exists(),
        hard_files=resource.getrlimit(resource.RLIMIT_NOFILE)[1],
        hard_processes=_hard_processes(),
        may_raise=_may_raise_limits(),
    )
    paths.state.mkdir(parents=True, exist_ok=True)
    # A file of ours, because the system's own is not ours to edit.
    conf = paths.state / "containers.conf"
    if not conf.exists() or conf.read_text() != text:
        conf.write_text(text)
    return {**environment, "CONTAINERS_CONF": str(conf)}


def candidates(paths: Paths, only: str | None = None) -> list[Engine]:
    """The engines whose programs are on this machine, Docker first because kind prefers it.

    Args:
        paths: where a configuration for Podman may be written.
        only: the one that counts, because it holds a cluster; MESHPROOF_ENGINE's choice otherwise.
    """
    wanted = only or os.environ.get("MESHPROOF_ENGINE")
    known: dict[str, Callable[[], dict[str, str]]] = {
        "docker": dict,
        "podman": lambda: _podman_environment(paths),
    }
    if wanted and wanted not in known:
        raise MeshproofError(
            f"MESHPROOF_ENGINE names the unknown engine {wanted!r}",
            "set it to docker or podman, or unset it",
        )
    names = [wanted] if wanted else list(known)
    return [Engine(name, known[name]()) for name in names if find(name)]


def detect(paths: Paths, only: str | None = None) -> Engine:
    """The first engine that answers; with `only`, that one.

    Raises:
        NoEngine: none is installed.
        EngineRefuses: one is installed, and none answers.
    """
    refusals: list[str] = []
    for engine in candidates(paths, only):
        try:
            info = json.loads(engine.run("info", "--format", "{{json .}}", seconds=PROBE_SECONDS))
        except (CommandFailed, json.JSONDecodeError) as error:
            output = error.output if isinstance(error, CommandFailed) else str(error)
            refusals.append(f"{engine.name}: {_last_line(output)}")
            continue
        # Docker's client prints an answer even when no engine is behind it.
        if errors := info.get("ServerErrors"):
            refusals.append(f"{engine.name}: {_last_line(errors[0])}")
            continue
        if engine.name == "podman" and os.geteuid() != 0:
            refusals.append("podman: a kind node needs root here and this user is not root")
            continue
        return engine
    if refusals:
        raise EngineRefuses(refusals)
    raise NoEngine


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "no answer"


class NoEngine(MeshproofError):
    """Neither Docker nor Podman is installed."""

    def __init__(self) -> None:
        super().__init__(
            "no container engine is on this machine",
            f"install one as root: apt-get install {' '.join(PODMAN_PACKAGES)}",
        )


class EngineRefuses(MeshproofError):
    """An engine is installed but does not serve this user."""

    def __init__(self, refusals: Sequence[str]) -> None:
        super().__init__(
            f"no container engine serves this user ({'; '.join(refusals)})",
            "start the Docker service and join its group, or run as root with Podman",
        )
        self.refusals = tuple(refusals)
