"""A run of many behaviours, made up: its results, and then its report.

usage: python -m benchmarks.many FOLDER COUNT results|report
"""

import random
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from meshproof import behaviours
from meshproof.behaviours import Behaviour


def catalogue(count: int) -> dict[str, Behaviour]:
    """As many behaviours as wanted: those that there are, under further numbers."""
    known = tuple(behaviours.CATALOGUE.values())
    made = {
        f"{one.id[:3]}{number:02}": replace(one, id=f"{one.id[:3]}{number:02}")
        for one in known
        for number in range(100)
    }
    return dict(sorted(made.items())[:count])


def write_results(folder: Path, wanted: dict[str, Behaviour]) -> None:
    """Write the results of a run in which every tenth behaviour failed, with all that a record can hold."""
    # Imported only here, so that making up the results is no part of the report's seconds.
    from meshproof.results import (  # noqa: PLC0415
        RESULTS_FILE,
        DurationFound,
        EndRecord,
        PlannedTest,
        PlanRecord,
        Propagation,
        ResultsWriter,
        RunRecord,
        ShareFound,
        TestRecord,
        Verdict,
    )

    draw = random.Random(1)  # noqa: S311 - no secret
    now = datetime.now(UTC)
    nodes = {one: f"suites/made/test_{one.lower().replace('-', '_')}.py::test_holds" for one in wanted}
    evidence = "\n".join(f"  call      probe-a -> GET http://reviews:9080/reviews/{n}" for n in range(12))
    with ResultsWriter(folder / RESULTS_FILE) as writer:
        writer.write(RunRecord(run="made-up", meshproof="0", started=now))
        planned = [PlannedTest(behaviour=one, test=node) for one, node in nodes.items()]
        writer.write(PlanRecord(tests=tuple(planned)))
        for number, (one, node) in enumerate(nodes.items()):
            failed = number % 10 == 0
            seconds = draw.expovariate(0.2)
            writer.write(
                TestRecord(
                    behaviour=one,
                    test=node,
                    verdict=Verdict.FAILED if failed else Verdict.PASSED,
                    seconds=seconds,
                    reason="not converged within 30 s (214 calls)" if failed else "",
                    evidence=evidence,
                    started=now,
                    hint="no route matches end-user in probe-a's proxy" if failed else "",
                    propagation=Propagation(
                        pushed=0.1 * draw.random(), acknowledged=0.2, answered=0.3, proxies=9
                    ),
                    shares=(
                        ShareFound(
                            name="reviews-v1",
                            expected=0.8,
                            count=1352,
                            n=1690,
                            whole=3754,
                            least=1326,
                            most=1378,
                            p_value=1.0,
                            alpha=1e-4,
                            beta=1e-3,
                            points=0.05,
                        ),
                    ),
                    durations=(
                        DurationFound(
                            call="probe-a -> GET http://ratings:9080/ratings/0",
                            floor=0.002,
                            least=0.98,
                            most=1.5,
                            shortest=1.0,
                            longest=1.0 + 0.4 * draw.random(),
                        ),
                    ),
                )
            )
        writer.write(EndRecord(ended=now))


def main() -> None:
    """Make up the results, or write their report."""
    folder, count, what = sys.argv[1:]
    wanted = catalogue(int(count))
    if what == "results":
        write_results(Path(folder), wanted)
        return
    # The report takes the catalogue as it is imported.
    behaviours.CATALOGUE = wanted
    from meshproof.report import write_report  # noqa: PLC0415

    write_report(Path(folder))


if __name__ == "__main__":
    main()
