"""The `meshproof` command."""

import signal
import sys
from types import FrameType

import typer

from meshproof.cli import behaviours, demo, doctor, images, mesh, prove, report
from meshproof.cli.answer import FAILURES, cause
from meshproof.console import current_phase, err
from meshproof.errors import ExitCode
from meshproof.process import scratch, stop_all

TYPER_USAGE = 2
TYPER_INTERRUPTED = 130

app = typer.Typer(
    help="Shows what a service mesh does, and proves it.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
doctor.register(app)
demo.register(app)
prove.register(app)
report.register(app)
behaviours.register(app)
app.add_typer(mesh.app, name="mesh")
app.add_typer(images.app, name="images")


def main() -> None:
    """Run the command; every cause that the user can act on is one sentence and a documented exit code."""
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        with scratch():
            app()
    except FAILURES as failure:
        error = cause(failure)
        err.print(f"meshproof: {error}", markup=False)
        sys.exit(error.exit_code)
    except SystemExit as ended:
        # Typer's own codes: wrong usage, and Ctrl-C.
        if ended.code == TYPER_USAGE:
            sys.exit(ExitCode.USAGE)
        if ended.code != TYPER_INTERRUPTED:
            raise
        _interrupted()
    except KeyboardInterrupt:
        _interrupted()


def _interrupted() -> None:
    stop_all()
    during = f" during: {name}" if (name := current_phase()) else ""
    err.print(
        f"meshproof: interrupted{during}; run the same command again to go on, "
        "or `meshproof down` to remove what was made.",
        markup=False,
    )
    sys.exit(ExitCode.INTERRUPTED)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
