"""Manifests as files: read, tokens replaced, checked.

A manifest lies beside its test and names no namespace: every object goes into the run's own namespace and
carries the run's labels. The tokens `${run}` and `${namespace}` stand for the run's id and namespace, for the
few objects that must say them (a gateway's selector, a principal).
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from meshproof.errors import ExitCode, MeshproofError
from meshproof.manifests.acceptance import Object


def read(path: Path, tokens: Mapping[str, str]) -> tuple[Object, ...]:
    """Return the objects of a manifest, tokens replaced.

    Args:
        path: the YAML file, one or several documents.
        tokens: what `${name}` stands for.

    Raises:
        MeshproofError: the file is no YAML, or an object lacks its kind or name or names a namespace.
    """
    text = path.read_text(encoding="utf-8")
    for name, value in tokens.items():
        text = text.replace(f"${{{name}}}", value)
    try:
        documents = [document for document in yaml.safe_load_all(text) if document is not None]
    except yaml.YAMLError as error:
        raise _unusable(path, f"is not YAML: {' '.join(str(error).split())}") from error
    for number, document in enumerate(documents, start=1):
        reason = _flaw(document)
        if reason is not None:
            raise _unusable(path, f"has a flaw in object {number}: {reason}")
    if not documents:
        raise _unusable(path, "holds no object")
    return tuple(documents)


def _flaw(document: Any) -> str | None:
    """Return why a document cannot be applied to the run's namespace, or None."""
    if not isinstance(document, Mapping):
        return "it is not a mapping"
    metadata = document.get("metadata")
    named = isinstance(metadata, Mapping) and metadata.get("name")
    if not (document.get("apiVersion") and document.get("kind") and isinstance(metadata, Mapping) and named):
        return "apiVersion, kind and metadata.name are needed"
    if "namespace" in metadata:
        return "it names a namespace, but every object goes into the run's own"
    return None


def _unusable(path: Path, why: str) -> MeshproofError:
    return MeshproofError(f"the manifest {path} {why}", "correct the file", ExitCode.USAGE)
