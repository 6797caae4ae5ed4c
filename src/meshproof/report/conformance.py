"""The report as a ConformanceReport, in the spirit of Kubernetes' gateway-api."""

from datetime import datetime
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from meshproof.behaviours import Area, Level
from meshproof.report.model import Conclusion, ControlResult, Report
from meshproof.report.outcomes import AreaOutcome, LevelOutcome, Result
from meshproof.report.propagation import Spread
from meshproof.results import Verdict, WaitingFound

# The one in C, where PyYAML was built with it, is some ten times as fast.
_DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


class _Object(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid", frozen=True)


class ConformanceImplementation(_Object):
    """Whose mesh it is, and which version of it."""

    organization: str
    project: str
    url: str
    version: str
    contact: tuple[str, ...]


class Statistics(_Object):
    """Behaviours by verdict."""

    model_config = ConfigDict(alias_generator=lambda name: to_camel(name)[0].upper() + to_camel(name)[1:])

    passed: int
    failed: int
    not_offered: int
    errors: int
    interrupted: int
    not_run: int
    planned: int


class WithReason(_Object):
    """A behaviour and why it has its verdict."""

    id: str
    reason: str


class ConformanceLevel(_Object):
    """One area at one level; lists that would be empty are left out.

    A planned behaviour has no test yet: it counts neither for this mesh nor against it.
    """

    result: Result
    statistics: Statistics
    passed_behaviours: tuple[str, ...] | None = None
    failed_behaviours: tuple[str, ...] | None = None
    not_offered_behaviours: tuple[WithReason, ...] | None = None
    error_behaviours: tuple[WithReason, ...] | None = None
    interrupted_behaviours: tuple[WithReason, ...] | None = None
    not_run_behaviours: tuple[WithReason, ...] | None = None
    planned_behaviours: tuple[str, ...] | None = None


class ConformanceArea(_Object):
    """One area; a level at which it has no behaviour is left out."""

    name: Area
    core: ConformanceLevel | None = None
    extended: ConformanceLevel | None = None
    disruptive: ConformanceLevel | None = None


class ConformanceControl(_Object):
    """Whether the tests were seen to fail without what makes them true.

    Args:
        result: in one word.
        failed_as_they_must: number of behaviours whose tests can fail.
        able_to_fail: ids of the behaviours whose tests can fail.
        vacuous: ids of the behaviours whose tests pass anyway.
        vacuous_passes: ids of those of them that passed in the run: listed as failed for this alone.
        errors: ids of those about which the environment let nothing be said.
        not_run: the other behaviours that have a test, those that the mesh does not offer included.
    """

    result: ControlResult
    failed_as_they_must: int
    able_to_fail: tuple[str, ...] = ()
    vacuous: tuple[str, ...]
    vacuous_passes: tuple[str, ...] = ()
    errors: tuple[str, ...]
    not_run: int


class ConformanceFeature(_Object):
    """Something that a mesh may offer: whether this one does, and how that was found out."""

    name: str
    offered: bool
    value: str | None = None
    found: str


class StageSeconds(_Object):
    """How long one stage took, in seconds; percentiles are by rank, none is interpolated."""

    n: int
    p50: float
    p95: float
    max: float


class ConformancePropagation(_Object):
    """How long the run's manifests took to take effect, counted from when they were applied.

    Args:
        n: manifests that were watched.
        pushed: until the control plane had sent it; left out where no manifest shows it, as the next two.
        acknowledged: until every proxy concerned had it.
        answered: until the first answer that was as expected.
    """

    n: int
    pushed: StageSeconds | None = None
    acknowledged: StageSeconds | None = None
    answered: StageSeconds | None = None


class ConformanceWaiting(_Object):
    """How long the tests waited, in seconds.

    Args:
        seconds: in all, for conditions to come true.
        late: at most so many of them passed after what was waited for was already true.
        of: what the tests took, the set-up and the tear-down of their modules included.
    """

    seconds: float
    late: float
    of: float


class ConformanceReport(_Object):
    """The whole document; versions that were not recorded read "unknown".

    Args:
        date: when the run ended, or was last seen.
        interrupted: why not everything was measured; left out after a regular end.
        seed: repeats the order of the run; left out when it ran in the listed order.
        control: whether the tests were seen to fail without what makes them true.
        features: everything that was looked for in this mesh.
        propagation: how long configuration took to take effect; left out when that was not watched.
        waited: how long the tests waited; left out when that was not measured.
        seconds: what the tests of each behaviour took, of those that ran.
        apis: through which API each behaviour was seen to hold, left out where none was tried so.
        areas: outcomes by area and level.
    """

    api_version: Literal["meshproof.dev/v1alpha1"]
    kind: Literal["ConformanceReport"]
    date: datetime
    implementation: ConformanceImplementation
    meshproof_version: str
    kubernetes_version: str
    istio_version: str
    profile: str
    conclusion: Conclusion
    interrupted: str | None = None
    seed: str | None = None
    control: ConformanceControl
    features: tuple[ConformanceFeature, ...] = ()
    propagation: ConformancePropagation | None = None
    waited: ConformanceWaiting | None = None
    seconds: dict[str, float] = Field(default_factory=dict)
    apis: dict[str, dict[str, Verdict]] | None = None
    areas: tuple[ConformanceArea, ...]


def conformance(report: Report) -> ConformanceReport:
    """Put the report into the shape that release tooling reads."""
    environment, owner = report.environment, report.implementation
    istio = environment.istio or "unknown"
    return ConformanceReport(
        api_version="meshproof.dev/v1alpha1",
        kind="ConformanceReport",
        date=report.ended,
        implementation=ConformanceImplementation(
            organization=owner.organization,
            project=owner.project,
            url=owner.url,
            version=istio,
            contact=owner.contact,
        ),
        meshproof_version=report.meshproof,
        kubernetes_version=environment.kubernetes or "unknown",
        istio_version=istio,
        profile=environment.profile or "unknown",
        conclusion=report.conclusion,
        interrupted=report.interrupted,
        seed=report.seed,
        control=_control(report),
        features=tuple(ConformanceFeature(**feature.model_dump()) for feature in environment.features),
        propagation=_propagation(report.propagation),
        waited=_waited(report.waited),
        seconds={b.id: round(b.seconds, 3) for b in report.behaviours if b.seconds},
        apis={b.id: b.apis for b in report.behaviours if b.apis} or None,
        areas=tuple(_area(area) for area in report.areas),
    )


def render_conformance(report: Report) -> bytes:
    """Return the YAML document, UTF-8 encoded."""
    document: dict[str, Any] = conformance(report).model_dump(
        mode="json",
        by_alias=True,
        exclude_none=True,
    )
    text = yaml.dump(document, Dumper=_DUMPER, sort_keys=False, allow_unicode=True, width=110)
    return str(text).encode()


def _propagation(found: Spread | None) -> ConformancePropagation | None:
    if found is None:
        return None
    return ConformancePropagation.model_validate(_rounded(found.model_dump()))


def _waited(found: WaitingFound | None) -> ConformanceWaiting | None:
    return None if found is None else ConformanceWaiting.model_validate(_rounded(found.model_dump()))


def _rounded(value: Any) -> Any:
    """Cut every number to milliseconds: no more was measured."""
    if isinstance(value, dict):
        return {name: _rounded(inner) for name, inner in value.items()}
    return round(value, 3) if isinstance(value, float) else value


def _control(report: Report) -> ConformanceControl:
    def ids(verdict: Verdict) -> tuple[str, ...]:
        return report.control.ids(verdict) if report.control else ()

    failed, vacuous, errors = map(ids, (Verdict.FAILED_AS_IT_MUST, Verdict.VACUOUS, Verdict.ERROR))
    return ConformanceControl(
        result=report.control_result,
        failed_as_they_must=len(failed),
        able_to_fail=failed,
        vacuous=vacuous,
        vacuous_passes=tuple(behaviour.id for behaviour in report.behaviours if behaviour.vacuous_pass),
        errors=errors,
        not_run=report.counts.tested - len(failed) - len(vacuous) - len(errors),
    )


def _area(area: AreaOutcome) -> ConformanceArea:
    levels = {level.level: _level(level) for level in area.levels}
    return ConformanceArea(
        name=area.area,
        core=levels.get(Level.CORE),
        extended=levels.get(Level.EXTENDED),
        disruptive=levels.get(Level.DISRUPTIVE),
    )


def _level(level: LevelOutcome) -> ConformanceLevel:
    def ids(verdict: Verdict) -> tuple[str, ...] | None:
        return tuple(b.id for b in level.behaviours if b.verdict is verdict) or None

    def with_reason(verdict: Verdict) -> tuple[WithReason, ...] | None:
        concerned = (b for b in level.behaviours if b.verdict is verdict)
        return tuple(WithReason(id=b.id, reason=b.reason) for b in concerned) or None

    return ConformanceLevel(
        result=level.result,
        statistics=Statistics(**level.counts.model_dump()),
        passed_behaviours=ids(Verdict.PASSED),
        failed_behaviours=ids(Verdict.FAILED),
        not_offered_behaviours=with_reason(Verdict.NOT_OFFERED),
        error_behaviours=with_reason(Verdict.ERROR),
        interrupted_behaviours=with_reason(Verdict.INTERRUPTED),
        not_run_behaviours=with_reason(Verdict.NOT_RUN),
        planned_behaviours=ids(Verdict.PLANNED),
    )
