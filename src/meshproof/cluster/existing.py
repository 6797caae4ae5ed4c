"""Cluster `existing`: any context of a kubeconfig; nothing is made or removed but what a run makes."""

import os
from pathlib import Path

import yaml

from meshproof.cluster.model import Cluster, NoContext, contexts


def existing(context: str | None, kubeconfig: Path | None = None) -> Cluster:
    """The cluster behind a context, checked to answer.

    Args:
        context: its name; the kubeconfig's current one when None.
        kubeconfig: the file; KUBECONFIG or the user's default when None.

    Raises:
        NoContext: the file or the context does not exist.
        Unreachable: it does not answer.
    """
    file = kubeconfig or Path(os.environ.get("KUBECONFIG") or Path.home() / ".kube" / "config")
    chosen = context or _current(file)
    cluster = Cluster(file, chosen)
    cluster.version()
    return cluster


def _current(file: Path) -> str:
    known = contexts(file)
    current = yaml.safe_load(file.read_text()).get("current-context")
    if not current:
        raise NoContext(f"{file} has no current context", f"name one with --context: {', '.join(known)}")
    return str(current)
