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

T = TypeVar("T")
TIMEOUT = "3m"

# pyhelm3 warns of every command that fails; the caller raises an error that says it better.
logging.getLogger("pyhelm3").setLevel(logging.ERROR)


class ReleaseFailed(MeshproofError):
    """A chart did not render, or its objects did not become ready."""


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
        return pyhelm3.Client(
            default_timeout=TIMEOUT,
            executable=str(self.binary),
            kubeconfig=self.kubeconfig,
            kubecontext=self.context,
        )

    def install_or_upgrade(
        self, release: str, chart: Path | str, namespace: str, values: Mapping[str, Any], *, wait: bool = True
    ) -> None:
        """Install a release, or bring it to this chart and these values.

        A release that an earlier, killed run left half installed is repaired first: removed when it never
        was complete, rolled back when it once was.

        Args:
            release: its name.
            chart: a folder, an archive or an address that Helm understands.
            namespace: made when it does not exist.
            values: laid over the chart's own.
            wait: whether to return only when all its objects are ready.

        Raises:
            ReleaseFailed: with Helm's own words.
        """
        _run(self._ensure(release, chart, namespace, dict(values), wait=wait), release, namespace)

    async def _ensure(
        self, release: str, chart: Path | str, namespace: str, values: dict[str, Any], *, wait: bool
    ) -> None:
        status = await self._status(release, namespace)
        if status and status.startswith(("pending", "uninstalling")):
            say(f"    release {release} was left {status} by an earlier run: repairing it")
        await self._client.get_proceedable_revision(release, namespace=namespace, timeout=TIMEOUT)
        found = await self._client.get_chart(chart)
        await self._client.install_or_upgrade_release(
            release, found, values, namespace=namespace, create_namespace=True, wait=wait
        )

    async def _status(self, release: str, namespace: str) -> str | None:
        try:
            revision = await self._client.get_current_revision(release, namespace=namespace)
        except ReleaseNotFoundError:
            return None
        return str(revision.status.value)

    def status(self, release: str, namespace: str) -> str | None:
        """Helm's word for the state of a release (`deployed`, `failed`, ...); None when there is none."""
        return _run(self._status(release, namespace), release, namespace)

    def uninstall(self, release: str, namespace: str, *, wait: bool = True) -> bool:
        """Remove a release; whether there was one.

        Raises:
            ReleaseFailed: with Helm's own words.
        """
        if self.status(release, namespace) is None:
            return False
        _run(self._client.uninstall_release(release, namespace=namespace, wait=wait), release, namespace)
        return True

    def notes(self, release: str, namespace: str) -> str:
        """What the chart tells its user after an installation."""

        async def read() -> str:
            revision = await self._client.get_current_revision(release, namespace=namespace)
            return str(revision.notes or "")

        return _run(read(), release, namespace)


def _run(work: Coroutine[Any, Any, T], release: str, namespace: str) -> T:
    try:
        return asyncio.run(work)
    except HelmError as error:
        lines = [line.strip() for line in error.stderr.decode(errors="replace").splitlines() if line.strip()]
        raise ReleaseFailed(
            f"Helm release {release} in namespace {namespace}: {lines[-1] if lines else 'no message'}",
            f"look at its pods: kubectl --namespace {namespace} get pods,events",
        ) from error
