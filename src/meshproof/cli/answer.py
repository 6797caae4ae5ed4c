"""Answers for programs: JSON on standard output, and nothing else there."""

import functools
import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from typing import ParamSpec

from kubernetes.client import ApiException
from urllib3.exceptions import HTTPError

from meshproof.cli.options import Format
from meshproof.console import current_phase
from meshproof.errors import MeshproofError

FAILURES = (MeshproofError, OSError, ApiException, HTTPError)
"""What a command ends with in one sentence; all but the first are the environment's, unforeseen where met."""

_OUT, _ERR = 1, 2
_Options = ParamSpec("_Options")


def write_json(answer: object) -> None:
    """Write an answer to standard output.

    Args:
        answer: what JSON can hold.
    """
    sys.stdout.write(json.dumps(answer, indent=2, ensure_ascii=False) + "\n")


def cause(failure: Exception) -> MeshproofError:
    """Return any of FAILURES as the sentence that is said of it."""
    if isinstance(failure, MeshproofError):
        return failure
    if isinstance(failure, ApiException):
        said = f"the API server answered {failure.status} {failure.reason}"
    else:
        said = str(failure).splitlines()[0] if str(failure) else type(failure).__name__
    during = current_phase() or " ".join(sys.argv[1:3])
    return MeshproofError(f"{during} failed: {said}", "mend that and run again")


def answering(command: Callable[_Options, None]) -> Callable[_Options, None]:
    """Let a command that fails answer programs too: with the sentence that it says to people.

    Args:
        command: one with an option `form`.
    """

    @functools.wraps(command)
    def answered(*args: _Options.args, **options: _Options.kwargs) -> None:
        try:
            command(*args, **options)
        except FAILURES as failure:
            if options.get("form") == Format.JSON:
                write_json(failed(cause(failure)))
            raise

    return answered


def failed(error: MeshproofError) -> dict[str, object]:
    """What a program is told of a failure."""
    return {"exit_code": int(error.exit_code), "error": error.what, "do": error.next_step}


@contextmanager
def aside(*, wanted: bool) -> Iterator[None]:
    """Send to standard error what goes to standard output meanwhile, that of started programs included.

    Args:
        wanted: whether to do so; else nothing changes.
    """
    if not wanted:
        yield
        return
    sys.stdout.flush()
    kept = os.dup(_OUT)
    os.dup2(_ERR, _OUT)
    try:
        with redirect_stdout(sys.stderr):
            yield
    finally:
        sys.stdout.flush()
        os.dup2(kept, _OUT)
        os.close(kept)
