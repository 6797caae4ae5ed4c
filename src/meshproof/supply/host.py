"""What the machine itself must have; installed where that may be done, and said aloud."""

import os
from pathlib import Path

from meshproof.console import phase, say
from meshproof.errors import MeshproofError
from meshproof.paths import Paths
from meshproof.process import CommandFailed, find, run
from meshproof.supply.engine import PODMAN_PACKAGES, Engine, EngineRefuses, NoEngine, detect

BASE_PACKAGES = ("mmdebstrap", "debian-archive-keyring")


def ready_engine(paths: Paths, only: str | None = None) -> Engine:
    """An engine that answers; Podman is installed when none does and this user may install it.

    Args:
        paths: where a configuration for Podman may be written.
        only: the one that holds a cluster; then nothing is installed.

    Raises:
        NoEngine: nothing is installed and this user may not install.
        EngineRefuses: something is installed, does not serve, and nothing better may be installed.
    """
    try:
        engine = detect(paths, only)
    except (NoEngine, EngineRefuses):
        if only or not may_install() or find("podman"):
            raise
        install(PODMAN_PACKAGES, "no container engine answers")
        engine = detect(paths)
    if os.geteuid() == 0:
        # kind mounts it into every node; a machine whose kernel has no modules may lack it.
        Path("/lib/modules").mkdir(exist_ok=True)
    return engine


def ready_bootstrap() -> None:
    """mmdebstrap, which makes the base image where no image registry is.

    Raises:
        MeshproofError: it is missing and this user may not install it.
    """
    if find("mmdebstrap"):
        return
    if not may_install():
        raise MeshproofError(
            "mmdebstrap is not on this machine, and without an image registry the base image is made with it",
            f"run as root: apt-get install {' '.join(BASE_PACKAGES)}",
        )
    install(BASE_PACKAGES, "mmdebstrap is missing")


def may_install() -> bool:
    """Whether packages may be installed: root, on a Debian or a relative of it."""
    return os.geteuid() == 0 and find("apt-get") is not None


def install(packages: tuple[str, ...], reason: str) -> None:
    """Install Debian packages, aloud."""
    say(f"    {reason}: installing {' '.join(packages)} with apt-get (root on a Debian system)")
    quiet = {"DEBIAN_FRONTEND": "noninteractive"}
    with phase("install host packages"):
        try:
            run(["apt-get", "update", "--quiet"], env=quiet)
            run(["apt-get", "install", "--yes", "--quiet", "--no-install-recommends", *packages], env=quiet)
        except CommandFailed as error:
            said = error.output.splitlines()[-1] if error.output else "it said nothing"
            raise MeshproofError(
                f"apt-get could not install {' '.join(packages)}: {said}",
                "look at this machine's network and package sources, then run again",
            ) from error
