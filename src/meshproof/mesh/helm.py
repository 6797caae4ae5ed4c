"""The one place where Helm is driven: pyhelm3 behind sync calls and typed errors.

pyhelm3 logs whole command lines, so nothing secret goes through it: a kubeconfig's path, never a token.
"""

import asyncio
import logging
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import pyhelm3
from pyhelm3.errors import Error as HelmError
from pyhelm3.errors import ReleaseNotFoundError

from meshproof.console import say
from meshproof.errors import MeshproofError
from meshproof.process import CommandFailed, run, stop_all

T = TypeVar("T")
TIMEOUT = "3m"

# pyhelm3 warns of every command that fails; the caller raises an error that says it better.
logging.getLogger("pyhelm3").setLevel(logging.ERROR)


class ReleaseFailed(MeshproofError):
    """A chart did not render, or its objects did not become ready."""


class _Command(pyhelm3.Command):  # type: ignore[misc]
    """Starts Helm as every other program here is started.

    pyhelm3 puts a shell in between. An interrupt then ends the shell and not Helm, and a Helm that outlives
    its meshproof changes releases under the hands of the next one.
    """

    async def run(self, command: list[Any], input: bytes | None = None) -> bytes:  # noqa: A002 -- pyhelm3's name
        words = [self._executable, *map(str, command), "--kubeconfig", str(self._kubeconfig)]
        if self._kubecontext:
            words += ["--kube-context", self._kubecontext]
        try:
            out = await asyncio.to_thread(run, words, stdin=input)
        except asyncio.CancelledError:
            stop_all()
            raise
        except CommandFailed as error:
            kind = ReleaseNotFoundError if "release: not found" in error.output else HelmError
            # One that was killed has said nothing.
            raise kind(1, b"", (error.output or error.what).encode()) from error
        return out.encode()


@dataclass(frozen=True)
class Release:
    """What should be installed.

    Args:
        name: of the release.
        chart: a folder, an archive or an address that Helm understands.
        namespace: made when it does not exist.
        values: laid over the chart's own.
    """

    name: str
    chart: Path | str
    namespace: str
    values: Mapping[str, Any]


@dataclass(frozen=True)
class Helm:
    """Releases in one cluster.

    Args:
        binary: the helm program.
        kubeconfig: the file.
        context: a context in it; its current one when None.
    """

    binary: Path
    kubeconfig: Path
    context: str | None = None

    @cached_property
    def _client(self) -> pyhelm3.Client:
        command = _Command(
            default_timeout=TIMEOUT,
            executable=str(self.binary),
            kubeconfig=self.kubeconfig,
            kubecontext=self.context,
        )
        return pyhelm3.Client(command, executable=str(self.binary))

    def install_or_upgrade(
        self, release: str, chart: Path | str, namespace: str, values: Mapping[str, Any], *, wait: bool = True
    ) -> None:
        """Install one release, or bring it to this chart and these values; as `ensure` does.

        Args:
            release: its name.
            chart: a folder, an archive or an address that Helm understands.
            namespace: made when it does not exist.
            values: laid over the chart's own.
            wait: whether to return only when all its objects are ready.

        Raises:
            ReleaseFailed: with Helm's own words.
        """
        self.ensure(Release(release, chart, namespace, values), wait=wait)

    def install(self, release: Release, *, wait: bool = True) -> None:
        """Install a release where there is none of its name; nothing half installed is looked for.

        Args:
            release: of a namespace in which nothing was installed under its name.
            wait: whether to return only when all its objects are ready.

        Raises:
            ReleaseFailed: with Helm's own words.
        """
        asyncio.run(_install(self._client, release, wait=wait))

    def ensure(self, *releases: Release, wait: bool = True) -> None:
        """Install releases side by side, or bring them to their charts and values.

        A release that an earlier, killed run left half installed is repaired first: removed when it never
        was complete, rolled back when it once was.

        Args:
            releases: none may stand on another.
            wait: whether to return only when all their objects are ready.

        Raises:
            ReleaseFailed: with Helm's own words; the others are then ended, too.
        """
        client = self._client

        async def all_of_them() -> None:
            # In one loop and not in threads: an interrupt then reaches every Helm at once.
            await asyncio.gather(*(_ensure(client, release, wait=wait) for release in releases))

        asyncio.run(all_of_them())

    def status(self, release: str, namespace: str) -> str | None:
        """Helm's word for the state of a release (`deployed`, `failed`, ...); None when there is none."""
        return asyncio.run(_told(_status(self._client, release, namespace), release, namespace))

    def uninstall(self, release: str, namespace: str, *, wait: bool = True) -> bool:
        """Remove a release; whether there was one.

        Raises:
            ReleaseFailed: with Helm's own words.
        """
        if self.status(release, namespace) is None:
            return False
        work = self._client.uninstall_release(release, namespace=namespace, wait=wait)
        asyncio.run(_told(work, release, namespace))
        return True


async def _ensure(client: pyhelm3.Client, release: Release, *, wait: bool) -> None:
    name, namespace = release.name, release.namespace
    status = await _told(_status(client, name, namespace), name, namespace)
    if status and status.startswith(("pending", "uninstalling")):
        say(f"    release {name} was left {status} by an earlier run: repairing it")
    repair = client.get_proceedable_revision(name, namespace=namespace, timeout=TIMEOUT)
    await _told(repair, name, namespace)
    await _install(client, release, wait=wait)


async def _install(client: pyhelm3.Client, release: Release, *, wait: bool) -> None:
    name, namespace = release.name, release.namespace
    chart = await _told(client.get_chart(release.chart), name, namespace)
    install = client.install_or_upgrade_release(
        name, chart, dict(release.values), namespace=namespace, create_namespace=True, wait=wait
    )
    await _told(install, name, namespace)


async def _status(client: pyhelm3.Client, release: str, namespace: str) -> str | None:
    try:
        revision = await client.get_current_revision(release, namespace=namespace)
    except ReleaseNotFoundError:
        return None
    return str(revision.status.value)


async def _told(work: Coroutine[Any, Any, T], release: str, namespace: str) -> T:
    """Helm's error as ours."""
    try:
        return await work
    except HelmError as error:
        lines = [line.strip() for line in error.stderr.decode(errors="replace").splitlines() if line.strip()]
        raise ReleaseFailed(
            f"Helm release {release} in namespace {namespace}: {lines[-1] if lines else 'no message'}",
            f"look at its pods: kubectl --namespace {namespace} get pods,events",
        ) from error
