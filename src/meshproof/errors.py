"""What went wrong, said so that the reader knows what to do next."""

from enum import IntEnum


class ExitCode(IntEnum):
    """Exit codes of every meshproof command; documented in docs/exit-codes.md."""

    OK = 0
    FAILED = 1
    USAGE = 64
    ENVIRONMENT = 69
    INTERRUPTED = 75


class MeshproofError(Exception):
    """A cause that the user can act on.

    Args:
        what: one clause that names what failed and where, without a final full stop.
        next_step: what to do about it, an imperative clause without a final full stop.
        exit_code: the code with which a command ends that meets this error.
    """

    def __init__(self, what: str, next_step: str, exit_code: ExitCode = ExitCode.ENVIRONMENT) -> None:
        super().__init__(f"{what}; {next_step}.")
        self.what = what
        self.next_step = next_step
        self.exit_code = exit_code
