"""A run that is stopped, killed, or left by its cluster: verdicts stay, none is made up, nothing is left."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import yaml
from kubernetes import client
from traces import Marked, Traces

from meshproof.cluster import state
from meshproof.cluster.kind import Kind
from meshproof.cluster.model import Cluster
from meshproof.errors import ExitCode
from meshproof.mesh.serving import judged
from meshproof.paths import paths as user_paths
from meshproof.results import Results, Verdict, read_results
from meshproof.supply.engine import detect
from meshproof.wait import until

COMMAND = [sys.executable, "-c", "from meshproof.cli import main; main()"]
NAME = f"e2e-interrupted-{os.getpid()}"
NODE = f"{NAME}-control-plane"
STARTED_SECONDS = 240
END_SECONDS = 60
TIDY_SECONDS = 120
"""How long a run may take to remove its namespace, once it was asked to end."""

HELM, PYTEST, WORKER = "helm upgrade", "-m pytest", "sys.stdin.readline()"


@dataclass
class Run:
    """One `meshproof run` in a process of its own."""

    output: Path
    marked: Marked
    words: tuple[str, ...]
    process: subprocess.Popen[bytes] = field(init=False)

    def __post_init__(self):
        self.output.mkdir()
        with (self.output / "log").open("wb") as log:
            self.process = subprocess.Popen(
                # A shell starts what it runs in the background deaf to Ctrl-C, and so all that this starts.
                ["env", "--default-signal=INT", *COMMAND, "run", "--name", NAME, *self.words],
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, **self.marked.environment},
            )

    def with_program(self, part: str) -> int:
        """Wait until it has started a program whose command line holds a text; return that process."""

        def found() -> int | None:
            assert self.process.poll() is None, (self.output / "log").read_text()
            return next((each for each, line in self.marked.programs().items() if part in line), None)

        return until(found, STARTED_SECONDS, f"the run starts {part}", "look at its log")

    def with_verdict(self) -> None:
        """Wait until the first verdict is written."""

        def written() -> bool:
            assert self.process.poll() is None, (self.output / "log").read_text()
            file = self.output / "results.jsonl"
            return file.exists() and b'"kind":"test"' in file.read_bytes()

        until(written, STARTED_SECONDS, "the run reaches a verdict", "look at its log")

    def ended(self, seconds: float) -> int:
        """Wait for its end and return its exit code."""
        return self.process.wait(seconds)

    def alone(self, seconds: float = TIDY_SECONDS) -> None:
        """Wait until none of its programs is left."""
        until(
            lambda: not self.marked.programs(), seconds, "its programs end", "look at what they do", every=0.5
        )

    @property
    def results(self) -> Results:
        """What it has written; all of its artifacts can be read."""
        report = self.output / "report"
        if self.process.returncode != -signal.SIGKILL:
            assert yaml.safe_load((report / "conformance.yaml").read_text())
            assert ET.parse(report / "junit.xml").getroot() is not None  # noqa: S314 -- our own
            assert "</html>" in (report / "index.html").read_text()
        return read_results(self.output / "results.jsonl")


@pytest.fixture(scope="module")
def _demo(meshproof) -> Iterator[None]:
    """A demo of this module's own, whose node and control plane it may break."""
    try:
        ended = meshproof("up", "--name", NAME, seconds=400)
        assert ended.code == ExitCode.OK, ended.err
        yield
    finally:
        meshproof("down", "--name", NAME)


@pytest.fixture
def cluster(_demo) -> Cluster:
    """Its cluster, which is another one once it had to be made anew."""
    paths = user_paths()
    made = state.load(paths, NAME)
    return Kind(paths, detect(paths, made.engine), NAME).cluster(made)


@pytest.fixture
def marked(tmp_path) -> Marked:
    folder = tmp_path / "tmp"
    folder.mkdir()
    return Marked(folder)


@pytest.fixture
def before(cluster, marked) -> Traces:
    """What was there before the run."""
    return marked.traces(cluster.api)


@pytest.fixture
def run(before, marked, tmp_path, meshproof) -> Iterator[Callable[..., Run]]:  # noqa: ARG001 -- seen first
    """Start a run; what a failing test leaves of it is ended and removed."""
    started: list[Run] = []

    def start(*words: str) -> Run:
        output = tmp_path / "out"
        started.append(Run(output, marked, ("--output", str(output), *words)))
        return started[-1]

    yield start
    for each in started:
        each.process.terminate()
        each.process.wait(TIDY_SECONDS)
    meshproof("sweep", "--name", NAME)


@pytest.fixture
def swept(meshproof, before, marked, cluster) -> Callable[[], None]:
    """Sweep, and compare what is there with what was before."""

    def sweep() -> None:
        ended = meshproof("sweep", "--name", NAME, **marked.environment)
        assert ended.code == ExitCode.OK, ended.err
        assert marked.traces(cluster.api).since(before) == []

    return sweep


@dataclass(frozen=True)
class Loss:
    """Between which moments the cluster was lost: taking it away takes a while, in which a test may end."""

    asked: datetime
    done: datetime


def lose(engine, *words: str) -> Loss:
    """Take something away from the cluster by a command of the container engine."""
    asked = datetime.now().astimezone()
    engine.run(*words)
    return Loss(asked, datetime.now().astimezone())


def assert_verdicts_stay(results: Results, loss: Loss) -> None:
    """Assert that what had ended before the loss has its verdict, and nothing has passed since.

    The loss may meet the deletion of manifests, of which a test answers for those of its own module.
    """
    assert results.plan is not None
    assert 0 < len(results.tests) < len(results.plan.tests)
    ends = {test.test: test.started + timedelta(seconds=test.seconds) for test in results.tests}
    verdicts = {test.test: test.verdict for test in results.tests}
    deleting = {test.test for test in results.tests if test.reason.startswith("teardown: ")}
    assert {verdicts[test] for test, end in ends.items() if end < loss.asked and test not in deleting} <= {
        Verdict.PASSED
    }
    assert {verdicts[test] for test, end in ends.items() if end > loss.done} <= {Verdict.ERROR}
    assert set(verdicts.values()) <= {Verdict.PASSED, Verdict.ERROR}
    assert list(verdicts.values()).count(Verdict.ERROR) <= 1, "only the test that was running met the loss"


def test_run_that_is_asked_to_end_removes_what_it_made(run, cluster, before, marked):
    running = run()
    running.with_verdict()
    running.process.terminate()
    assert running.ended(TIDY_SECONDS) == ExitCode.INTERRUPTED
    results = running.results
    assert results.interrupted
    assert {test.verdict for test in results.tests} == {Verdict.PASSED}
    assert marked.traces(cluster.api).since(before) == []


def test_run_that_is_interrupted_while_it_deploys_removes_what_it_made(run, cluster, before, marked):
    running = run()
    running.with_program(HELM)
    running.process.send_signal(signal.SIGINT)
    assert running.ended(TIDY_SECONDS) == ExitCode.INTERRUPTED
    assert running.results.tests == ()
    assert marked.traces(cluster.api).since(before) == []


def test_killed_run_leaves_no_program_and_a_sweep_removes_the_rest(run, swept):
    running = run()
    running.with_verdict()
    running.process.kill()
    assert running.ended(1) == -signal.SIGKILL
    running.alone()
    assert {test.verdict for test in running.results.tests} == {Verdict.PASSED}
    swept()


def test_killed_pytest_leaves_no_program_and_a_report(run, swept):
    running = run()
    running.with_verdict()
    os.kill(running.with_program(PYTEST), signal.SIGKILL)
    assert running.ended(END_SECONDS) == ExitCode.ENVIRONMENT
    running.alone(1)
    results = running.results
    assert results.interrupted == "the run was cut off before its end"
    assert {test.verdict for test in results.tests} == {Verdict.PASSED}
    swept()


def test_killed_worker_is_an_error_of_its_test_alone(run, swept):
    # Few enough to come to their end here, and of the probes alone, which a busy machine hardly slows.
    running = run("--workers", "2", "-k", "TM-03 or TM-05")
    running.with_verdict()
    os.kill(running.with_program(WORKER), signal.SIGKILL)
    assert running.ended(STARTED_SECONDS) == ExitCode.ENVIRONMENT
    running.alone(1)
    assert {test.verdict for test in running.results.tests} == {Verdict.PASSED, Verdict.ERROR}
    swept()


def test_killed_helm_is_an_error_of_every_test_that_needs_the_shop(run, cluster, before, marked):
    running = run()
    os.kill(running.with_program(HELM), signal.SIGKILL)
    assert running.ended(TIDY_SECONDS) == ExitCode.ENVIRONMENT
    broken = [test for test in running.results.tests if test.verdict is not Verdict.PASSED]
    assert {test.verdict for test in broken} == {Verdict.ERROR}
    assert all("it was ended by SIGKILL" in test.reason for test in broken)
    # Injection is seen on pods of its own.
    assert {test.behaviour for test in running.results.tests} - {test.behaviour for test in broken} <= {
        "CP-01"
    }
    assert marked.traces(cluster.api).since(before) == []


def test_run_whose_api_server_hangs_ends_in_time_and_passes_nothing(run, engine, swept, cluster):
    signalled = 'kill -{} "$(pidof kube-apiserver)"'
    running = run()
    running.with_verdict()
    # It takes connections and says nothing, which lets calls wait for ever.
    loss = lose(engine, "exec", NODE, "sh", "-c", signalled.format("STOP"))
    try:
        assert running.ended(END_SECONDS) == ExitCode.ENVIRONMENT
        running.alone(1)
        results = running.results
    finally:
        engine.run("exec", NODE, "sh", "-c", signalled.format("CONT"))
    assert_verdicts_stay(results, loss)
    assert "the API server of context" in results.interrupted
    until(lambda: judged(cluster), TIDY_SECONDS, "the mesh judges again", "look at istiod")
    swept()


def test_run_whose_node_is_killed_ends_in_time_and_passes_nothing(run, engine, meshproof):
    running = run()
    running.with_verdict()
    loss = lose(engine, "kill", NODE)
    assert running.ended(END_SECONDS) == ExitCode.ENVIRONMENT
    running.alone(1)
    assert_verdicts_stay(running.results, loss)
    assert "the API server of context" in running.results.interrupted
    # A node that is started again has another address, which its certificates do not name.
    ended = meshproof("up", "--name", NAME, seconds=400)
    assert ended.code == ExitCode.OK, ended.err
    assert "making it anew" in ended.out


def test_run_without_istiod_ends_in_time_and_passes_nothing(run, cluster, swept):
    running = run()
    running.with_verdict()
    lost = datetime.now().astimezone()
    scale(cluster, 0)
    try:
        assert running.ended(END_SECONDS) == ExitCode.ENVIRONMENT
    finally:
        scale(cluster, 1)
    results = running.results
    until(lambda: judged(cluster), TIDY_SECONDS, "the mesh judges again", "look at istiod")
    assert results.plan is not None
    assert len(results.tests) < len(results.plan.tests)
    assert "istiod" in results.interrupted or "webhook" in results.interrupted
    # What was in the proxies already goes on to work, so tests without a manifest may pass meanwhile.
    met = [test for test in results.tests if test.verdict is not Verdict.PASSED]
    assert [test.verdict for test in met] == [Verdict.ERROR]
    assert met[0].started + timedelta(seconds=met[0].seconds) > lost
    swept()


def scale(cluster: Cluster, replicas: int) -> None:
    """Run as many istiods."""
    body = {"spec": {"replicas": replicas}}
    client.AppsV1Api(cluster.api).patch_namespaced_deployment_scale("istiod", "istio-system", body)
