"""The report as JUnit XML: one suite per area, one case per behaviour."""

from io import BytesIO

from junitparser import Error, Failure, JUnitXml, Skipped, TestCase, TestSuite

from meshproof.report.model import Report
from meshproof.report.outcomes import AreaOutcome, BehaviourOutcome, TestOutcome
from meshproof.results import Verdict


def render_junit(report: Report) -> bytes:
    """Return the XML document, UTF-8 encoded.

    A case is a behaviour, not a test, so that its counts are those of the other renderings; its tests are
    listed in the case's system-out. JUnit knows no more than failure, error and skipped: whatever else is
    not passed becomes `skipped`, and its message begins with the verdict.
    """
    document = JUnitXml("meshproof")
    for area in report.areas:
        document.add_testsuite(_suite(report, area))
    content = BytesIO()
    document.write(content)
    return content.getvalue()


def _suite(report: Report, area: AreaOutcome) -> TestSuite:
    suite = TestSuite(area.area.heading)
    suite.timestamp = report.started.isoformat(timespec="seconds")
    environment = report.environment
    facts = {
        "run": report.run,
        "meshproof": report.meshproof,
        "conclusion": report.conclusion,
        "interrupted": report.interrupted,
        "control": report.control_result,
        "istio": environment.istio,
        "kubernetes": environment.kubernetes,
        "proxy build": environment.proxy_build,
        "profile": environment.profile,
        "seed": report.seed,
    }
    # Before the cases: the schema that CI systems use wants it so.
    for name, value in facts.items():
        if value is not None:
            suite.add_property(name, str(value))
    suite.add_testcases([_case(behaviour) for behaviour in area.behaviours])
    return suite


def _case(behaviour: BehaviourOutcome) -> TestCase:
    case = TestCase(
        f"{behaviour.id} {behaviour.sentence}",
        classname=f"meshproof.{behaviour.area}.{behaviour.level}",
        time=round(behaviour.seconds, 3),
    )
    match behaviour.verdict:
        case Verdict.PASSED:
            pass
        case Verdict.FAILED:
            case.result = [Failure(behaviour.reason, "failed")]
        case Verdict.ERROR:
            case.result = [Error(behaviour.reason, "error")]
        case _:
            case.result = [Skipped(f"{behaviour.verdict}: {behaviour.reason}")]
    for result in case.result:
        if not isinstance(result, Skipped):
            result.text = _evidence(behaviour)
    if behaviour.tests:
        case.system_out = "\n".join(
            f"{test.verdict}: {test.test}{f' ({test.seconds:.1f} s)' if test.seconds is not None else ''}"
            for test in behaviour.tests
        )
    return case


def _evidence(behaviour: BehaviourOutcome) -> str:
    return "\n\n".join(
        "\n".join(line for line in (test.test, test.reason, test.evidence, _hint(test)) if line)
        for test in behaviour.tests
        if test.verdict is behaviour.verdict
    )


def _hint(test: TestOutcome) -> str:
    return f"hint      {test.hint}" if test.hint else ""
