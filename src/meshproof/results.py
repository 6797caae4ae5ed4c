"""results.jsonl: what a run measured, one JSON object per line, written as it happens.

The order of lines: `run` first, `plan` once the tests are collected, `environment` before the first verdict
and again once the shop is deployed, a `test` as each one ends and another when its teardown changes that,
`end` last. A file without `end` is that of a run that was interrupted; what it holds still counts. A run
that is resumed appends `resume` and goes on from there with `plan`.
"""

import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from io import FileIO
from pathlib import Path
from types import TracebackType
from typing import Annotated, Literal, Protocol, Self

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    model_validator,
)

from meshproof.errors import ExitCode, MeshproofError
from meshproof.redact import redact

RESULTS_FILE = "results.jsonl"

KNOWN_FAILURE = "--meshproof-known-failure"
"""Option of a run, whose value in the record names behaviours with commas between them."""
CONTROL_FOLDER = "control"


class Verdict(StrEnum):
    """What is known of a test, or of the behaviour that it proves."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_OFFERED = "not offered"  # a feature is absent; the reason names it
    ERROR = "error"  # the environment broke; never counted as passed
    INTERRUPTED = "interrupted"  # its turn never came, because the run was cut short
    NOT_RUN = "not run"  # never written to results: collected, and left out by the user's own choice
    PLANNED = "planned"  # never written to results: in the catalogue, and no test proves it yet
    FAILED_AS_IT_MUST = "failed as it must"  # control run: the test can fail, so its pass means something
    VACUOUS = "vacuous"  # control run: the test passed without its manifests and so proves nothing


RUN_VERDICTS = frozenset({Verdict.PASSED, Verdict.FAILED, Verdict.NOT_OFFERED, Verdict.ERROR})
CONTROL_VERDICTS = frozenset(
    {Verdict.FAILED_AS_IT_MUST, Verdict.VACUOUS, Verdict.NOT_OFFERED, Verdict.ERROR},
)

GRAVEST_FIRST = (
    Verdict.VACUOUS,
    Verdict.FAILED,
    Verdict.ERROR,
    Verdict.INTERRUPTED,
    Verdict.NOT_RUN,
    Verdict.NOT_OFFERED,
    Verdict.PASSED,
    Verdict.FAILED_AS_IT_MUST,
    Verdict.PLANNED,
)
"""Of a behaviour's tests the gravest speaks for it; the last two verdicts need every test to agree."""


def gravest(verdicts: Iterable[Verdict]) -> Verdict:
    """Return what is known of a behaviour whose tests have these verdicts: not run when there is none."""
    return min(verdicts, key=GRAVEST_FIRST.index, default=Verdict.NOT_RUN)


class Tried(Protocol):
    """A test, as far as it says something of its behaviour."""

    @property
    def api(self) -> str:
        """Through which API it was tried; empty when there is one way only."""

    @property
    def verdict(self) -> Verdict:
        """What it found."""


def by_api(tests: Iterable[Tried]) -> dict[str, Verdict]:
    """Return what is known of a behaviour through each API, in the order in which they were tried."""
    found: dict[str, list[Verdict]] = {}
    for test in tests:
        found.setdefault(test.api, []).append(test.verdict)
    return {api: gravest(verdicts) for api, verdicts in found.items()}


def verdict_of(tests: Iterable[Tried]) -> Verdict:
    """Return what is known of a behaviour: the gravest, but for an API that the mesh does not offer.

    A mesh need not offer the same promise twice: where it is seen to keep it through one API, another one
    that is not there does not matter. What has one way only counts whatever it found.
    """
    through = by_api(tests)
    offered = {
        api: verdict for api, verdict in through.items() if not (api and verdict is Verdict.NOT_OFFERED)
    }
    return gravest((offered or through).values())


# Terminal colours; then what XML 1.0 forbids, what JSON cannot carry, and what reorders the text around it.
_COLOURS = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_UNPRINTABLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]",
)


def printable(value: object) -> object:
    """Make text from a mesh, which may hold anything, safe to write and to show; leave other values alone."""
    if not isinstance(value, str):
        return value
    return _UNPRINTABLE.sub("\ufffd", _COLOURS.sub("", value.replace("\r\n", "\n")))


Text = Annotated[str, BeforeValidator(printable)]
Seen = Annotated[Text, AfterValidator(redact)]
"""Text that repeats what calls and replies held, without the credentials among it."""
BehaviourId = Annotated[str, Field(pattern=r"^[A-Z]{2}-[0-9]{2}$")]


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Node(_Record):
    """A node of the cluster, as its `status.nodeInfo` tells it."""

    name: Text
    kubelet: Text | None = None
    system: Text | None = None
    kernel: Text | None = None
    architecture: Text | None = None
    runtime: Text | None = None


class FeatureFound(_Record):
    """One thing that a mesh may offer, and how that was found out.

    Args:
        name: as the catalogue names it.
        offered: whether this mesh has it.
        value: what it is, where there is more to say than yes: a version, a count; else None.
        found: how that was found out, a clause that stands after a colon.
    """

    name: Text
    offered: bool
    value: Seen | None = None
    found: Seen


class Environment(_Record):
    """What the behaviours were tried on. None where it was not recorded.

    Args:
        istio: version of the control plane, such as "1.31.1".
        kubernetes: version of the API server, such as "v1.34.4".
        proxy_build: what the sidecars run, such as "stock".
        supply: "registry" or "packages".
        cluster: provider and name, such as "kind meshproof".
        profile: set of Helm values, such as "demo".
        nodes: the cluster's nodes.
        images: digest by image reference.
        features: everything that was looked for in this mesh.
    """

    istio: Text | None = None
    kubernetes: Text | None = None
    proxy_build: Text | None = None
    supply: Text | None = None
    cluster: Text | None = None
    profile: Text | None = None
    nodes: tuple[Node, ...] = ()
    images: dict[Text, Text] = Field(default_factory=dict)
    features: tuple[FeatureFound, ...] = ()


class Implementation(_Record):
    """Whose mesh it is, for the ConformanceReport; a vendor puts its own name here."""

    organization: Text = "istio"
    project: Text = "istio"
    url: Seen = "https://istio.io/"
    contact: tuple[Text, ...] = ()


class RunRecord(_Record):
    """The first line: which run this is and what it ran against.

    Args:
        run: the run's id, as in the label meshproof.dev/run.
        meshproof: version of meshproof that ran.
        started: when, with its time zone.
        control: whether manifests were withheld (a control run).
        options: the run's options by the name that a user types, such as {"--meshproof-context": "kind-x"};
            MESHPROOF_TIME_SCALE among them when it was set; credentials in them are hidden.
    """

    kind: Literal["run"] = "run"
    format: Literal[1] = 1
    run: Text
    meshproof: Text
    started: AwareDatetime
    control: bool = False
    environment: Environment = Environment()
    implementation: Implementation = Implementation()
    options: dict[Text, Seen] = Field(default_factory=dict)


class EnvironmentRecord(_Record):
    """What the run turned out to run against; the first one counts, and then each that knows more images.

    It is written before any verdict, and again whenever there are pods that run further images.
    """

    kind: Literal["environment"] = "environment"
    environment: Environment


class PlannedTest(_Record):
    """A test that was collected.

    Args:
        behaviour: the id of the behaviour that it proves.
        test: pytest's node id.
        selected: False when the user's own choice left it out.
    """

    behaviour: BehaviourId
    test: Text
    selected: bool = True


class PlanRecord(_Record):
    """Every test that was collected, those deselected included.

    A behaviour counts as passed only when all its tests of this list ran.

    Args:
        tests: what was collected.
        tested: behaviours that some module of the suites proves, whether or not it was collected.
    """

    kind: Literal["plan"] = "plan"
    tests: tuple[PlannedTest, ...]
    tested: tuple[BehaviourId, ...] = ()


Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Propagation(_Record):
    """How long a change of the mesh's configuration took, in seconds since its manifest was applied.

    Args:
        pushed: until the control plane had sent it to a proxy; None when that was not seen.
        acknowledged: until every proxy concerned had acknowledged it; None when that was not seen.
        answered: until the first answer that was as expected; None when there was none.
        proxies: how many were concerned.
        reason: why a figure is missing; empty when none is.
    """

    pushed: Seconds | None = None
    acknowledged: Seconds | None = None
    answered: Seconds | None = None
    proxies: Annotated[int, Field(ge=0)] = 0
    reason: Seen = ""


class ShareFound(_Record):
    """One share of a sample: what was expected, what was seen, and how exactly.

    Args:
        name: whose share.
        expected: as a fraction.
        count: calls that went there, of `n`.
        n: calls that were judged.
        whole: calls that would have been, had fewer not said enough.
        least: the fewest by which it was judged: with which it holds, where every share of the sample did;
            with which the exact test does not refuse it, where one was missed or the sample not finished.
        most: the most by which it was judged, likewise.
        p_value: of the exact binomial test of these calls.
        alpha: rate at which a right share is missed.
        beta: rate at which a deviation of `points` is overlooked.
        points: as a fraction.
    """

    name: Text
    expected: Annotated[float, Field(ge=0, le=1)]
    count: Annotated[int, Field(ge=0)]
    n: Annotated[int, Field(ge=1)]
    whole: Annotated[int, Field(ge=1)]
    least: Annotated[int, Field(ge=0)]
    most: Annotated[int, Field(ge=0)]
    p_value: Annotated[float, Field(ge=0, le=1)]
    alpha: Annotated[float, Field(gt=0, lt=1)]
    beta: Annotated[float, Field(gt=0, lt=1)]
    points: Annotated[float, Field(gt=0, lt=1)]


class DurationFound(_Record):
    """One duration that was judged, in seconds: what was allowed beyond the path's floor, and what was seen.

    Args:
        call: that took it.
        floor: what the path takes by itself, as measured; already subtracted from the rest.
        least: the shortest that was allowed.
        most: the longest that was allowed.
        shortest: the shortest that was seen.
        longest: the longest that was seen.
    """

    call: Seen
    floor: Seconds
    least: Seconds
    most: Seconds
    shortest: float
    longest: float


class WaitingFound(_Record):
    """How long tests waited, in seconds; `meshproof.traffic.waiting` says what counts.

    Args:
        seconds: waited in all, for a condition to come true.
        late: at most so many of them passed after it was already true.
        of: what the tests took, the set-up and the tear-down of their modules included.
    """

    seconds: Seconds = 0.0
    late: Seconds = 0.0
    of: Seconds = 0.0

    @classmethod
    def together(cls, waits: Iterable[Self | None]) -> Self | None:
        """Return the sum of what was measured; None when nothing was."""
        known = [wait for wait in waits if wait is not None]
        if not known:
            return None
        return cls(
            seconds=sum(wait.seconds for wait in known),
            late=sum(wait.late for wait in known),
            of=sum(wait.of for wait in known),
        )

    @property
    def share(self) -> float:
        """The part of the tests' time that was waited although it was already true, as a fraction."""
        return self.late / self.of if self.of else 0.0

    def __str__(self) -> str:
        """Return it as a clause that follows who waited."""
        late = f"{self.late:.1f} s of them after it was already true: {self.share:.1%} of the tests' time"
        return f"waited {self.seconds:.1f} s in all, {late}"


class TestRecord(_Record):
    """What one test found.

    Args:
        behaviour: the id of the behaviour that it proves.
        test: pytest's node id, as it is: a run that is resumed finds the test again by it.
        api: through which API it was tried, such as istio or gateway-api; empty when there is one way only.
        verdict: one of RUN_VERDICTS, or of CONTROL_VERDICTS in a control run.
        seconds: how long it took, set-up included.
        reason: one line: why it failed, is not offered or could not be run. Empty when passed.
        evidence: what was called, expected and seen, one `word  text` per line as a failure prints it.
        started: when, with its time zone.
        hint: what probably explains a failure; empty when nothing does.
        diagnostics: folder of what was collected after a failure, relative to the output folder; else empty.
        propagation: how long the module's manifest took to take effect; None when it has none.
        shares: every share that was tested.
        durations: every duration that was judged.
        waited: what it waited; what the tear-down of its module waited comes with the last test of it.
    """

    __test__ = False  # the name begins with Test, but pytest has nothing to collect here

    kind: Literal["test"] = "test"
    behaviour: BehaviourId
    test: Text
    api: Text = ""
    verdict: Verdict
    seconds: Seconds
    reason: Seen = ""
    evidence: Seen = ""
    started: AwareDatetime
    hint: Seen = ""
    diagnostics: Text = ""
    propagation: Propagation | None = None
    shares: tuple[ShareFound, ...] = ()
    durations: tuple[DurationFound, ...] = ()
    waited: WaitingFound | None = None

    @model_validator(mode="after")
    def _was_run(self) -> Self:
        if self.verdict in {Verdict.INTERRUPTED, Verdict.NOT_RUN, Verdict.PLANNED}:
            raise ValueError("a test that was not run leaves no line")
        return self


class EndRecord(_Record):
    """The last line: the run came to its end.

    Args:
        ended: when, with its time zone.
        interrupted: what stopped it early (such as "Ctrl-C"); None when every test had its turn.
    """

    kind: Literal["end"] = "end"
    ended: AwareDatetime
    interrupted: Seen | None = None


class ResumeRecord(_Record):
    """The run was taken up again, under a new id: its earlier end is none, and errors are tried anew.

    Args:
        run: the id under which it goes on.
        meshproof: version of meshproof that goes on.
        started: when, with its time zone.
    """

    kind: Literal["resume"] = "resume"
    run: Text
    meshproof: Text
    started: AwareDatetime


Record = RunRecord | EnvironmentRecord | PlanRecord | TestRecord | ResumeRecord | EndRecord
_RECORD: TypeAdapter[Record] = TypeAdapter(Annotated[Record, Field(discriminator="kind")])


class ResultsWriter:
    """Appends records to a results file; each is on the disk when `write` returns.

    Args:
        path: the file.
        resume: whether it holds an earlier part of the same run. A last line that was cut off is cut away.

    Raises:
        MeshproofError: the file exists already and is not to be resumed (exit code 64), or cannot be
            written to (69).
    """

    def __init__(self, path: Path, *, resume: bool = False) -> None:
        self.path = path
        if resume:
            self._file = _reopened(path)
            return
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _unwritable(path, error) from error
        try:
            self._file = path.open("xb", buffering=0)
        except FileExistsError:
            raise MeshproofError(
                f"{path} holds the results of an earlier run",
                "choose another output folder, or move that one away",
                ExitCode.USAGE,
            ) from None
        except OSError as error:
            raise _unwritable(path, error) from error

    def write(self, record: Record) -> None:
        """Append one record.

        Raises:
            MeshproofError: the disk refused it, for instance because it is full.
        """
        line = record.model_dump_json().encode() + b"\n"
        try:
            while line:
                line = line[self._file.write(line) :]
            os.fsync(self._file.fileno())
        except OSError as error:
            raise _unwritable(self.path, error) from error

    def close(self) -> None:
        """Close the file; closing twice is harmless."""
        self._file.close()

    def __enter__(self) -> Self:
        """Return the writer itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the file, whatever happened."""
        self.close()


def _reopened(path: Path) -> FileIO:
    try:
        content = path.read_bytes()
        if not content.endswith(b"\n"):
            # A line that lacks only its end was read and counts; what cannot be read was never said.
            start = content.rfind(b"\n") + 1
            whole = _is_record(content[start:])
            os.truncate(path, len(content) if whole else start)
            content = b"\n" if whole else b""
        else:
            content = b""
        file = path.open("ab", buffering=0)
        file.write(content)
    except OSError as error:
        raise _unwritable(path, error) from error
    return file


def record_of(line: str | bytes) -> Record:
    """Return the record that a line holds.

    Raises:
        pydantic.ValidationError: it holds none.
    """
    return _RECORD.validate_json(line)


def _is_record(line: bytes) -> bool:
    try:
        record_of(line)
    except ValidationError:
        return False
    return True


def _unwritable(path: Path, error: OSError) -> MeshproofError:
    return MeshproofError(
        f"cannot write results to {path} ({error.strerror or error})",
        "make room there, or choose another output folder",
    )


@dataclass(frozen=True)
class Results:
    """What a results file says.

    Args:
        run: what ran, and against what.
        plan: the tests that were collected; None when the run did not get that far.
        tests: what they found, each once and with its last word, in the order in which they ended.
        end: how the run ended; None when it was cut off.
        torn: what is wrong with the last line when it was cut off midway, else None.
        resumed: how often the run was taken up again.
    """

    run: RunRecord
    plan: PlanRecord | None
    tests: tuple[TestRecord, ...]
    end: EndRecord | None
    torn: str | None
    resumed: int = 0

    @property
    def interrupted(self) -> str | None:
        """Why not everything was measured; None when the run came to its regular end."""
        if self.end is None:
            return "the run was cut off before its end"
        return self.end.interrupted

    @property
    def last_seen(self) -> datetime:
        """When the run is known to have ended, or else to have last started a test."""
        return self.end.ended if self.end else max((t.started for t in self.tests), default=self.run.started)


def read_results(path: Path) -> Results:
    """Read a results file, also one whose writer was killed.

    A last line that was cut off is left out, and `Results.torn` says so.

    Raises:
        MeshproofError: there is no such file, it has no run, or a line that is not the last cannot be read.
    """
    try:
        text = path.read_bytes()
    except OSError as error:
        raise MeshproofError(
            f"cannot read results from {path} ({error.strerror or error})",
            "name the output folder of a run",
            ExitCode.USAGE,
        ) from error
    lines = text.splitlines(keepends=True)
    records: list[Record] = []
    torn = None
    for number, line in enumerate(lines, start=1):
        try:
            records.append(record_of(line))
        except ValidationError as error:
            if number < len(lines) or line.endswith(b"\n"):
                raise _unreadable(path, number, _first(error)) from error
            torn = f"line {number} of {path.name} was cut off after {len(line)} bytes and is left out"
    return _assemble(path, records, torn)


def _assemble(path: Path, records: Sequence[Record], torn: str | None) -> Results:
    if not records or not isinstance(records[0], RunRecord):
        raise MeshproofError(
            f"{path} does not begin with a run{f' ({torn})' if torn else ''}",
            "name the output folder of a run that got as far as its first test",
            ExitCode.USAGE,
        )
    run = records[0]
    allowed = CONTROL_VERDICTS if run.control else RUN_VERDICTS
    described = False
    plan: PlanRecord | None = None
    # Whether this part of the run has its plan already: each time it is resumed there is one more.
    planned = False
    end: EndRecord | None = None
    tests: dict[str, TestRecord] = {}
    resumed = 0
    for number, record in enumerate(records[1:], start=2):
        match record:
            case TestRecord() if record.verdict in allowed and planned and end is None:
                # Taken out first: its place is where it last ended.
                tests.pop(record.test, None)
                tests[record.test] = record
            case EnvironmentRecord() if end is None:
                if not described or record.environment.images.keys() > run.environment.images.keys():
                    run = run.model_copy(update={"environment": record.environment})
                described = True
            case PlanRecord() if not planned and end is None:
                plan, planned = record, True
            case EndRecord() if end is None:
                end = record
            case ResumeRecord():
                end, planned, resumed = None, False, resumed + 1
            case _:
                what = record.verdict if isinstance(record, TestRecord) else record.kind
                raise _unreadable(path, number, f"{str(what)!r} has no place here")
    return Results(run, plan, tuple(tests.values()), end, torn, resumed)


def _unreadable(path: Path, number: int, why: str) -> MeshproofError:
    return MeshproofError(
        f"line {number} of {path} cannot be read ({why})",
        "read it with the version of meshproof that wrote it",
        ExitCode.USAGE,
    )


def _first(error: ValidationError) -> str:
    detail = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(part) for part in detail["loc"])
    return f"{where}: {detail['msg']}" if where else str(detail["msg"])


def same_mesh(before: Environment, now: Environment) -> bool:
    """Return whether two descriptions are of the same cluster with the same mesh in it."""
    return _identity(before) == _identity(now)


def _identity(environment: Environment) -> tuple[object, ...]:
    nodes = sorted(node.name for node in environment.nodes)
    return environment.istio, environment.kubernetes, environment.proxy_build, environment.profile, nodes
