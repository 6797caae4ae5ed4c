"""Failures on a real mesh: the hint that each prints, what is kept of it, and that no credential is."""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from meshproof.demo.shop import run_images
from meshproof.diagnose.folder import FOLDER_BYTES
from meshproof.results import RESULTS_FILE, Results, Verdict, read_results

BROKEN = Path(__file__).parent / "broken"
HOUSE = Path(__file__).parents[2]
CANARY = b"kanarienvogel"

STRICT = "takes mutual TLS only (PeerAuthentication strict)"
REJECTED = "script load error: [string \"this is no lua\"]:1: '=' expected near 'is'"
HINTS = {
    "no_header_route": "no route of ratings matches end-user in probe-a's proxy"
    " (route 9080: 1 route, default)",
    "no_path_route": "no route of reviews matches /reviews/0 in probe-a's proxy (route 9080: 1 route)",
    "no_subset": "the route of probe-a's proxy leads to subset v9 of reviews, which no DestinationRule names",
    "no_endpoints": "no endpoint of reviews, subset v9 in probe-a's proxy: no pod of it bears version=v9"
    " (DestinationRule reviews)",
    "plaintext_caller": f"probe-plain has no sidecar and speaks plaintext, but details {STRICT}",
    "plaintext_rule": f"probe-a's proxy speaks plaintext (DestinationRule reviews), but reviews {STRICT}",
    "no_service": "there is no Service nobody in namespace {namespace}",
    "refused": "AuthorizationPolicy no-one refuses the call at reviews",
    "rejected": "probe-a's proxy rejects what istiod sends and stays as it was"
    f" (Listener 0.0.0.0_9080: {REJECTED})",
}


@dataclass(frozen=True)
class Failed:
    """A run of suites that all miss."""

    output: Path
    printed: str
    results: Results

    def test(self, module):
        return next(test for test in self.results.tests if f"{module}.py" in test.test)


@pytest.fixture(scope="module")
def run_broken(demo, tmp_path_factory):
    """Run modules of the folder `broken` as `meshproof run` would run those of the suites."""

    def run(*modules: str) -> Failed:
        output = tmp_path_factory.mktemp("output")
        supplied, cluster = demo.supplied, demo.cluster
        images = output / "images.yaml"
        images.write_text(yaml.safe_dump(run_images(supplied)))
        words = [
            *(sys.executable, "-m", "pytest", *(str(BROKEN / f"{module}.py") for module in modules)),
            *("--rootdir", str(HOUSE), "--config-file", str(HOUSE / "pyproject.toml")),
            *("--kubeconfig", str(cluster.kubeconfig), "--meshproof-context", cluster.context),
            *("--meshproof-output", str(output), "--meshproof-images", str(images)),
            *("--meshproof-charts", str(Path(supplied.charts.gateway).parent)),
            *("--meshproof-helm", str(supplied.tools.helm)),
            *("--meshproof-budget", "converge=10"),
        ]
        done = subprocess.run(words, capture_output=True, text=True, check=False, cwd=HOUSE, env=os.environ)
        assert (output / RESULTS_FILE).exists(), done.stdout + done.stderr
        return Failed(output, done.stdout, read_results(output / RESULTS_FILE))

    return run


@pytest.fixture(scope="module")
def failed(run_broken) -> Iterator[Failed]:
    return run_broken(*HINTS)


@pytest.mark.parametrize("module", HINTS)
def test_failure_prints_what_explains_it(failed, module):
    test = failed.test(module)
    expected = HINTS[module].format(namespace=f"meshproof-{failed.results.run.run}")
    assert (test.verdict, test.hint) == (Verdict.FAILED, expected)
    assert f"E     hint      {expected}" in failed.printed


@pytest.mark.parametrize("module", HINTS)
def test_what_explains_it_is_kept_within_its_share(failed, module):
    test = failed.test(module)
    folder = failed.output / test.diagnostics
    kept = {file.name: file.stat().st_size for file in folder.iterdir()}
    assert {"summary.txt", "pods.txt", "events.txt", "objects.yaml", "calls.txt"} <= set(kept)
    assert sum(kept.values()) <= FOLDER_BYTES
    summary = (folder / "summary.txt").read_text()
    assert test.hint in summary
    assert "not collected" not in summary


def test_calls_of_the_hop_are_kept_with_their_response_flags(failed):
    calls = (failed.output / failed.test("no_subset").diagnostics / "calls.txt").read_text()
    assert "status 503  flags NC (the route leads to a cluster that this proxy does not have)" in calls


def test_no_credential_is_in_any_artifact(run_broken):
    failed = run_broken("planted")
    assert {test.verdict for test in failed.results.tests} == {Verdict.FAILED}
    folders = [failed.output / test.diagnostics for test in failed.results.tests]
    # Where credentials were, something was read: routes with headers, a log with a password, a call.
    assert any("(hidden)" in file.read_text() for file in folders[0].glob("probe-a-*.routes.json"))
    assert any(
        "I am (hidden)" in file.read_text() for folder in folders for file in folder.glob("planted-*.log")
    )
    objects = [one for folder in folders for one in yaml.safe_load_all((folder / "objects.yaml").read_text())]
    (policy,) = [one for one in objects[:40] if one["kind"] == "AuthorizationPolicy"][:1]
    assert policy["spec"]["rules"][0]["when"][0] == {
        "key": "request.headers[x-api-key]",
        "values": ["(hidden)"],
    }
    leaks = [
        f"{file.relative_to(failed.output)}: {line.decode(errors='replace').strip()[:300]}"
        for file in sorted(failed.output.rglob("*"))
        if file.is_file()
        for line in file.read_bytes().splitlines()
        if CANARY in line
    ]
    assert leaks == []
