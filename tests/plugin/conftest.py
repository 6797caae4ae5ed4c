"""A suite of its own for each test, run by pytest itself, with fakes where the real ones need a cluster."""

import json
import shutil
from pathlib import Path

import numpy as np  # noqa: F401 - cannot be imported anew by an inner run, which forgets what it imported
import pytest
import scipy.stats  # noqa: F401 - as above

import meshproof.features
import meshproof.manifests
import meshproof.plugin.verdicts  # noqa: F401 - imported once here, or else anew by every inner run

FAKES = """
import pytest

from meshproof.errors import MeshproofError
from meshproof.features import Feature, Features
from meshproof.manifests import Propagated
from meshproof.results import Propagation


class Manifests:
    namespace = "meshproof-r1"

    def __init__(self, log):
        self.log = log
        self.remains = ()

    def note(self, text):
        with self.log.open("a") as log:
            print(text, file=log)

    def apply(self, objects, stored):
        names = [obj["metadata"]["name"] for obj in objects]
        if "refused" in names:
            raise MeshproofError("the cluster refused Thing refused: no", "correct the manifest")
        self.note(f"apply {' '.join(names)}")
        self.remains = tuple(names)
        if "unanswered" in names:
            raise ConnectionError("the API server went away")
        stored(objects)
        return names

    def delete(self, names):
        self.note(f"delete {' '.join(names)}")
        if "sticky" in names:
            raise MeshproofError("deleting Thing sticky is not done", "look at the events")
        self.remains = ()


class Change:
    def __init__(self, manifests):
        self.manifests = manifests

    def applied(self, objects, gone=()):
        lost = " ".join(("", "and lost", *(obj["metadata"]["name"] for obj in gone)) if gone else "")
        self.manifests.note("proxies have " + " ".join(obj["metadata"]["name"] for obj in objects) + lost)
        return Propagated(5.0, Propagation(pushed=0.1, acknowledged=0.2, proxies=3))

    def deleted(self, objects):
        names = [obj["metadata"]["name"] for obj in objects]
        self.manifests.note("proxies lost " + " ".join(names))
        return Propagated(7.0, Propagation(acknowledged=0.6, proxies=3), settled="blind" not in names)

    def none(self):
        self.manifests.note("nothing is on its way")
        return Propagated(1.0, Propagation(), settled=True)


class Barrier:
    def __init__(self, manifests):
        self.manifests = manifests

    def begin(self):
        return Change(self.manifests)


@pytest.fixture(scope="session")
def barrier(manifests):
    return Barrier(manifests)


@pytest.fixture(scope="session")
def features():
    return Features([
        Feature("prometheus", offered=False, found="no Service prometheus"),
        Feature("gateway-api", offered=False, found="no class istio"),
        Feature("http3", offered=False, found="no QUIC listeners"),
        Feature("ingress", offered=True, found="there"),
        Feature("tracing", offered=False, found="", broken=MeshproofError("jaeger is down", "look at it")),
    ])


@pytest.fixture(scope="session")
def manifests(tmp_path_factory, request):
    return Manifests(request.config.rootpath / "cluster.log")


@pytest.fixture(scope="session")
def tokens():
    return {"run": "r1"}
"""

MANIFEST = "apiVersion: {api}\nkind: Thing\nmetadata: {{name: {name}}}\n"


class Suite:
    """A folder with a suite, and what became of running it."""

    def __init__(self, pytester):
        self._pytester = pytester
        self.folder = pytester.path
        pytester.makeconftest(FAKES)
        pytester.makeini("[pytest]\naddopts = --strict-markers\n")

    def manifest(self, file, name, api="things.istio.io/v1"):
        (self.folder / file).write_text(MANIFEST.format(name=name, api=api))

    def module(self, text, name="test_it"):
        self._pytester.makepyfile(**{name: text})

    def run(self, *args):
        return self._pytester.runpytest_inprocess("--meshproof-output", "out", *args)

    def run_apart(self, *args):
        """Run in a process of its own, for what would reach the outer pytest or what it has imported."""
        return self._pytester.runpytest_subprocess("--meshproof-output", "out", *args)

    def clear(self):
        """Forget the results of an earlier run."""
        shutil.rmtree(self.folder / "out")
        (self.folder / "cluster.log").unlink(missing_ok=True)

    def ran(self):
        """Return what the tests have noted since this was last asked."""
        notes = self.folder / "ran"
        words = notes.read_text().split() if notes.exists() else []
        notes.unlink(missing_ok=True)
        return words

    @property
    def records(self):
        lines = (self.folder / "out" / "results.jsonl").read_text().splitlines()
        return [json.loads(line) for line in lines]

    @property
    def verdicts(self):
        return {
            record["test"].rpartition("::")[2]: record["verdict"]
            for record in self.records
            if record["kind"] == "test"
        }

    @property
    def cluster(self):
        log = Path(self.folder / "cluster.log")
        return log.read_text().splitlines() if log.exists() else []


@pytest.fixture(autouse=True)
def _order_as_listed(monkeypatch):
    """Inner runs keep the order of their tests, where a build server's CI=true would shuffle them, too."""
    monkeypatch.delenv("CI", raising=False)


@pytest.fixture
def suite(pytester):
    return Suite(pytester)
