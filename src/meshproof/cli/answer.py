"""Answers for programs: JSON on standard output, and nothing else there."""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout

from meshproof.errors import MeshproofError

_OUT, _ERR = 1, 2


def write_json(answer: object) -> None:
    """Write an answer to standard output.

    Args:
        answer: what JSON can hold.
    """
    sys.stdout.write(json.dumps(answer, indent=2, ensure_ascii=False) + "\n")


@contextmanager
def aside(*, wanted: bool) -> Iterator[None]:
    """Send to standard error what goes to standard output meanwhile, that of started programs included.

    A command that fails then still answers: with the sentence that it says to people.

    Args:
        wanted: whether to do so; else nothing changes.
    """
    if not wanted:
        yield
        return
    sys.stdout.flush()
    kept = os.dup(_OUT)
    os.dup2(_ERR, _OUT)
    failed: MeshproofError | None = None
    try:
        with redirect_stdout(sys.stderr):
            yield
    except MeshproofError as error:
        failed = error
        raise
    finally:
        sys.stdout.flush()
        os.dup2(kept, _OUT)
        os.close(kept)
        if failed:
            write_json({"exit_code": int(failed.exit_code), "error": failed.what, "do": failed.next_step})
