"""What two reports are compared by, whichever rendering each is read from."""

import operator
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import yaml
from pydantic import ValidationError

from meshproof.errors import ExitCode, MeshproofError
from meshproof.report.build import VACUOUS
from meshproof.report.conformance import ConformanceArea, ConformanceLevel, ConformanceReport, conformance
from meshproof.report.model import SEED, Report
from meshproof.report.write import REPORT_FOLDER, read_report
from meshproof.results import RESULTS_FILE, Verdict

CONFORMANCE_FILE = "conformance.yaml"
# Where things lay and in which order tests ran, as against what was tried.
_OF_THE_RUN = frozenset({SEED, "--kubeconfig", "--meshproof-images", "--meshproof-charts"})


@dataclass(frozen=True)
class Known:
    """What a report says of one behaviour.

    Args:
        verdict: its verdict by the run alone, whatever the control run said of its tests.
        reason: why it is not passed, where the report says so.
        seconds: what its tests took; None where the report does not say.
        tests: seconds of each test that passed; empty where the report does not tell tests apart.
    """

    verdict: Verdict
    reason: str = ""
    seconds: float | None = None
    tests: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Snapshot:
    """One side of a comparison.

    Args:
        source: where it was read, as the user named it.
        date: when the run ended.
        conclusion: in one word or two.
        behaviours: what is known of each, by id.
        environment: what they were tried on, by group of facts and by name; a group that the report does not
            tell of is left out.
        propagation: seconds of each stage's median and 95th percentile, by name.
        control: the behaviours that the control run tried, by id: failed as it must, or vacuous.
    """

    source: str
    date: datetime
    conclusion: str
    behaviours: Mapping[str, Known]
    environment: Mapping[str, Mapping[str, str]]
    propagation: Mapping[str, float]
    control: Mapping[str, Verdict] = field(default_factory=dict)


def read_snapshot(path: Path) -> Snapshot:
    """Read a report: an output folder, a results file, or a ConformanceReport.

    Raises:
        MeshproofError: there is none, or it cannot be read (exit code 64).
    """
    if path.is_dir():
        documents = (path / REPORT_FOLDER / CONFORMANCE_FILE, path / CONFORMANCE_FILE)
        found = [file for file in (path / RESULTS_FILE, *documents) if file.is_file()]
        if not found:
            raise _unreadable(path, f"it holds neither {RESULTS_FILE} nor {CONFORMANCE_FILE}")
        file = found[0]
    else:
        file = path
    if file.suffix in {".yaml", ".yml"}:
        return _of_document(path, _document(file))
    return of_report(read_report(file), str(path))


def of_report(report: Report, source: str) -> Snapshot:
    """Return what a report is compared by; it has more than its ConformanceReport: tests, images, options."""
    document = conformance(report)
    environment = report.environment
    cluster = {
        "proxy build": environment.proxy_build,
        "supply": environment.supply,
        "cluster": environment.cluster,
    }
    groups = {
        "cluster": {name: value for name, value in cluster.items() if value},
        "nodes": {
            f"node {node.name}": f"{node.architecture or 'unknown'}, kubelet {node.kubelet or 'unknown'}"
            for node in environment.nodes
        },
        "images": dict(_image(reference, digest) for reference, digest in environment.images.items()),
    }
    tried = {f"option {name}": value for name, value in report.options.items() if name not in _OF_THE_RUN}
    return Snapshot(
        source=source,
        date=report.ended,
        conclusion=report.conclusion,
        behaviours={
            behaviour.id: Known(
                verdict=Verdict.PASSED if behaviour.vacuous_pass else behaviour.verdict,
                reason=behaviour.reason,
                seconds=behaviour.seconds or None,
                tests={t.test: t.seconds or 0.0 for t in behaviour.tests if t.verdict is Verdict.PASSED},
            )
            for behaviour in report.behaviours
        },
        environment={
            **_environment(document),
            **{name: group for name, group in groups.items() if group},
            # A run without options is one that was told nothing: that is known, too.
            "options": tried,
        },
        propagation=_propagation(document),
        control=_control(document),
    )


def _image(reference: str, digest: str) -> tuple[str, str]:
    """Name an image without its tag, so that the next one of it has the same name."""
    repository, colon, tag = reference.partition("@")[0].rpartition(":")
    if not colon or "/" in tag:
        return f"image {reference.partition('@')[0]}", digest
    return f"image {repository}", f"{tag} {digest}"


def _of_document(path: Path, document: ConformanceReport) -> Snapshot:
    known = {
        id_: Known(verdict=verdict, reason=reason, seconds=document.seconds.get(id_))
        for area in document.areas
        for id_, verdict, reason in _listed(area)
    }
    for id_ in document.control.vacuous_passes:
        known[id_] = Known(verdict=Verdict.PASSED, reason=VACUOUS, seconds=document.seconds.get(id_))
    return Snapshot(
        source=str(path),
        date=document.date,
        conclusion=document.conclusion,
        behaviours=known,
        environment=_environment(document),
        propagation=_propagation(document),
        control=_control(document),
    )


_PLAIN = {
    Verdict.PASSED: operator.attrgetter("passed_behaviours"),
    Verdict.FAILED: operator.attrgetter("failed_behaviours"),
    Verdict.PLANNED: operator.attrgetter("planned_behaviours"),
}
_REASONED = {
    Verdict.NOT_OFFERED: operator.attrgetter("not_offered_behaviours"),
    Verdict.ERROR: operator.attrgetter("error_behaviours"),
    Verdict.INTERRUPTED: operator.attrgetter("interrupted_behaviours"),
    Verdict.NOT_RUN: operator.attrgetter("not_run_behaviours"),
}


def _listed(area: ConformanceArea) -> Iterator[tuple[str, Verdict, str]]:
    levels: list[ConformanceLevel] = [
        level for level in (area.core, area.extended, area.disruptive) if level is not None
    ]
    for level in levels:
        for verdict, ids in _PLAIN.items():
            for id_ in ids(level) or ():
                yield id_, verdict, ""
        for verdict, found in _REASONED.items():
            for one in found(level) or ():
                yield one.id, verdict, one.reason


def _control(document: ConformanceReport) -> dict[str, Verdict]:
    found = document.control
    return {
        **dict.fromkeys(found.able_to_fail, Verdict.FAILED_AS_IT_MUST),
        **dict.fromkeys(found.vacuous, Verdict.VACUOUS),
    }


def _environment(document: ConformanceReport) -> dict[str, dict[str, str]]:
    versions = {
        "meshproof": document.meshproof_version,
        "Istio": document.istio_version,
        "Kubernetes": document.kubernetes_version,
        "profile": document.profile,
    }
    features = {
        f"feature {feature.name}": " ".join(
            filter(None, ("offered" if feature.offered else "not offered", feature.value)),
        )
        for feature in document.features
    }
    return {"versions": versions, "features": features} if features else {"versions": versions}


def _propagation(document: ConformanceReport) -> dict[str, float]:
    found = document.propagation
    stages = (
        {"pushed": found.pushed, "acknowledged": found.acknowledged, "answered": found.answered}
        if found
        else {}
    )
    return {
        f"configuration {stage}, {rank}": value
        for stage, seconds in stages.items()
        if seconds is not None
        for rank, value in (("half of it", seconds.p50), ("95 % of it", seconds.p95))
    }


def _document(file: Path) -> ConformanceReport:
    try:
        return ConformanceReport.model_validate(yaml.safe_load(file.read_bytes()))
    except OSError as error:
        raise _unreadable(file, error.strerror or str(error)) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise _unreadable(file, "it is no YAML") from error
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise _unreadable(file, f"{where}: {first['msg']}" if where else first["msg"]) from error


def _unreadable(path: Path, why: str) -> MeshproofError:
    return MeshproofError(
        f"{path} cannot be compared ({why})",
        f"name the output folder of a run, its {RESULTS_FILE} or its {CONFORMANCE_FILE}",
        ExitCode.USAGE,
    )
