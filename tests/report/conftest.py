"""Runs as the plugin would write them, small enough to read."""

from datetime import UTC, datetime, timedelta

import pytest

from meshproof.behaviours import Area, Behaviour, Level
from meshproof.results import (
    EndRecord,
    Environment,
    FeatureFound,
    Node,
    PlannedTest,
    PlanRecord,
    Results,
    ResultsWriter,
    RunRecord,
    TestRecord,
    Verdict,
)

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture
def catalogue():
    """Two core behaviours and one extended in one area, and one core behaviour in another."""
    behaviours = [
        Behaviour("TM-01", "Subsets hold.", Area.TRAFFIC, Level.CORE),
        Behaviour("TM-02", "Readers are told apart.", Area.TRAFFIC, Level.CORE),
        Behaviour("TM-03", "Paths are told apart.", Area.TRAFFIC, Level.EXTENDED, frozenset({"gateway-api"})),
        Behaviour("SE-01", "Plaintext is refused.", Area.SECURITY, Level.CORE),
    ]
    return {behaviour.id: behaviour for behaviour in behaviours}


@pytest.fixture
def run():
    """Return a function that makes results: `run(("TM-01", "passed"), …)`, keywords say what is special.

    `planned` are tests whose turn never came, `left_out` those that nobody asked for. A behaviour of
    neither, and without a verdict, has no test at all.
    """

    def make(*tests, control=False, planned=(), left_out=(), ended=True, interrupted=None, **fields):
        records = []
        for number, (behaviour, verdict, *more) in enumerate(tests):
            details = more[0] if more else {}
            record = TestRecord(
                behaviour=behaviour,
                test=f"test_{behaviour}.py::test[{number}]",
                verdict=Verdict(verdict),
                seconds=1.5,
                started=NOON + timedelta(seconds=number),
                **details,
            )
            records.append(record)
        collected = [PlannedTest(behaviour=record.behaviour, test=record.test) for record in records]
        collected += [PlannedTest(behaviour=b, test=f"test_{b}.py::planned") for b in planned]
        collected += [
            PlannedTest(behaviour=b, test=f"test_{b}.py::left_out", selected=False) for b in left_out
        ]
        environment = Environment(
            istio="1.31.1",
            kubernetes="v1.34.4",
            proxy_build="stock Envoy 1.40.0",
            supply="packages",
            cluster="kind demo",
            profile="demo",
            nodes=(Node(name="node-1", kubelet="v1.34.4"),),
            images={"example/pilot:1": "sha256:0123"},
            features=(
                FeatureFound(name="ingress", offered=True, value="node port", found="the Service has one"),
                FeatureFound(name="gateway-api", offered=False, found="its kinds are not served"),
            ),
        )
        known = {name: fields.pop(name) for name in ("torn", "resumed") if name in fields}
        described = {"run": "r1", "meshproof": "0.1.0", "environment": environment} | fields
        return Results(
            run=RunRecord(started=NOON, control=control, **described),
            plan=PlanRecord(tests=tuple(collected)),
            tests=tuple(records),
            end=EndRecord(ended=NOON + timedelta(minutes=2), interrupted=interrupted) if ended else None,
            **{"torn": None, **known},
        )

    return make


@pytest.fixture
def written(tmp_path, run):
    """Write the output folder of a run, and perhaps of its control run, without a report."""

    def write(name, *tests, control=(), **fields):
        files = {"results.jsonl": run(*tests, **fields)}
        if control:
            files["control/results.jsonl"] = run(*control, control=True)
        for file, results in files.items():
            with ResultsWriter(tmp_path / name / file) as writer:
                for record in (results.run, results.plan, *results.tests, results.end):
                    writer.write(record)
        return tmp_path / name

    return write
