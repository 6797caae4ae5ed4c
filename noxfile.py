"""One short session per verb; what they do is in src/meshproof."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path

import nox

# What a session runs keeps its byte code, in the session's environment and beside the sources: where it may
# not, as in many an image for CI, each of the many short processes compiles all that it imports.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

nox.needs_version = ">=2025.5.1"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.reuse_venv = "yes"
nox.options.sessions = ["tests"]

# A company's own certificate authority is in the system's store, not in a tool's.
INSTALL = {"UV_SYSTEM_CERTS": "1", "UV_CONSTRAINT": "constraints.txt", "PIP_CONSTRAINT": "constraints.txt"}
# One folder for all sessions of one call: what is measured, proven and shown.
OUTPUT = Path(os.environ.get("MESHPROOF_OUTPUT") or f"reports/{datetime.now(UTC):%Y%m%d-%H%M%S}")
# What the mesh that is installed here does not keep; the behaviour's docstring says why.
KNOWN = ("--known-failure", "IN-06")
THEN = "then:"
OWN = ("tests", "--ignore", "tests/end_to_end")
# A module that repairs a cluster step by step has an order.
ORDERED = ("-p", "no:randomly")
# Ctrl-C reaches nox first; what it runs is given the time to put its own things in order.
PATIENCE = {"interrupt_timeout": 120.0, "terminate_timeout": 30.0}


def given(session: nox.Session) -> list[str]:
    """What the user gave after `--`."""
    return [word for word in session.posargs if not word.startswith(THEN)]


def run(session: nox.Session, *words: str) -> None:
    """Run a program of the project, with what the user gave after `--`."""
    session.install("--quiet", "--editable", ".", env=INSTALL)
    session.run(*words, *given(session), **PATIENCE)


@nox.session(venv_backend="none")
def demo(session: nox.Session) -> None:
    """A cluster with Istio, Bookinfo, load, proofs and a report; it keeps running."""
    session.notify("up", posargs=[*session.posargs, THEN + "load,suite,show"])


@nox.session(venv_backend="none")
def tests(session: nox.Session) -> None:
    """Everything that must hold before a change lands; in a cluster of its own, removed at the end."""
    os.environ["MESHPROOF_NAME"] = "meshproof-tests"
    for step in ("lint", "types", "unit", "processes", "services", "up", "load"):
        session.notify(step)
    session.notify("suite", posargs=["--require-all"])
    # Queued one by one and not chained: whatever fails, the cluster is removed.
    for step in ("control", "disruptive", "end_to_end", "show", "down"):
        session.notify(step)


@nox.session
def lint(session: nox.Session) -> None:
    """Style, and the floors of the house."""
    session.install("--quiet", "--editable", ".", "--group", "lint", env=INSTALL)
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("lint-imports")


@nox.session
def types(session: nox.Session) -> None:
    """Types of the engine, strictly."""
    session.install("--quiet", "--editable", ".", "--group", "lint", env=INSTALL)
    session.run("mypy")


@nox.session
def unit(session: nox.Session) -> None:
    """The engine's own tests: no cluster, seconds."""
    session.install("--quiet", "--editable", ".", "--group", "unit", env=INSTALL)
    session.run("pytest", *OWN, "-m", "not processes", "-n", "2", *given(session), **PATIENCE)


@nox.session
def processes(session: nox.Session) -> None:
    """Those of the engine's own tests that start or signal programs: no cluster, a minute or two."""
    session.install("--quiet", "--editable", ".", "--group", "unit", env=INSTALL)
    session.run("pytest", *OWN, "-m", "processes", *given(session), **PATIENCE)


@nox.session
def services(session: nox.Session) -> None:
    """Each service's own tests, in its own language, where its image is built."""
    run(session, "meshproof", "images", "test")


@nox.session
def up(session: nox.Session) -> None:
    """Cluster, mesh and shop; nothing on a healthy demo."""
    run(session, "meshproof", "up", "--output", str(OUTPUT))
    for word in session.posargs:
        if word.startswith(THEN):
            for step in word.removeprefix(THEN).split(","):
                session.notify(step)


@nox.session
def load(session: nox.Session) -> None:
    """Readers in the shop for 30 s, in Locust's own environment."""
    session.install("--quiet", "--requirement", "loadtests/requirements.txt", env={"UV_SYSTEM_CERTS": "1"})
    report = OUTPUT / "report"
    report.mkdir(parents=True, exist_ok=True)
    if not (OUTPUT / "demo.json").exists():
        session.error(f"{OUTPUT / 'demo.json'} does not exist; run `nox -s demo`, which makes it")
    url = json.loads((OUTPUT / "demo.json").read_text())["url"]
    files = ("--json-file", str(report / "load"), "--html", str(report / "load.html"))
    words = ("--config", "loadtests/locust.conf", "--host", url, *files, *given(session))
    session.run("locust", *words, **PATIENCE)


@nox.session
def suite(session: nox.Session) -> None:
    """The behaviours, proven."""
    run(session, "meshproof", "run", "--output", str(OUTPUT), "--workers", "2", *KNOWN)


@nox.session
def control(session: nox.Session) -> None:
    """The behaviours without what makes them true: each must fail."""
    run(session, "meshproof", "control", "--output", str(OUTPUT), "--workers", "2")


@nox.session
def disruptive(session: nox.Session) -> None:
    """The behaviours that change the mesh for everybody, with nothing beside them, and their control."""
    words = ("--levels", "disruptive", "--output", str(OUTPUT / "disruptive"))
    run(session, "meshproof", "run", *words)
    session.run("meshproof", "control", *words, *given(session), **PATIENCE)


@nox.session
def end_to_end(session: nox.Session) -> None:
    """Shop, probe, browser, bad input and interruptions, on the real thing."""
    session.install("--quiet", "--editable", ".", "--group", "end-to-end", env=INSTALL)
    # Before there are two workers that both need it; nothing on a healthy demo.
    session.run("meshproof", "up", **PATIENCE)
    kept = {"MESHPROOF_OUTPUT": str(OUTPUT.absolute())}
    words = ("tests/end_to_end", "--durations", "15", *ORDERED)
    if given(session):
        session.run("pytest", *words, *given(session), env=kept, **PATIENCE)
        return
    two = ("-n", "2", "--dist", "loadfile", "-m", "not alone")
    session.run("pytest", *words, *two, env=kept, **PATIENCE)
    session.run("pytest", *words, "-m", "alone", env=kept, **PATIENCE)


@nox.session
def show(session: nox.Session) -> None:
    """What runs, where to look, what was proven."""
    run(session, "meshproof", "show", "--output", str(OUTPUT))


@nox.session
def bench(session: nox.Session) -> None:
    """How long each phase takes and how much memory the demo needs; writes docs/benchmarks.md."""
    run(session, "python", "-m", "benchmarks")


@nox.session
def down(session: nox.Session) -> None:
    """Remove the cluster and all that was made with it."""
    run(session, "meshproof", "down")
