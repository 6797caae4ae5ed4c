"""Real processes, a real engine and real clusters; what a test makes, it removes."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from filelock import FileLock
from kubernetes import client

from meshproof.cluster import state
from meshproof.cluster.kind import Kind
from meshproof.demo.up import Demo
from meshproof.errors import MeshproofError
from meshproof.mesh.helm import Helm
from meshproof.paths import Paths
from meshproof.paths import paths as user_paths
from meshproof.supply.choose import choose
from meshproof.supply.engine import Engine, detect

NAME = os.environ.get("MESHPROOF_NAME", "meshproof")
# These count the containers, networks, programs and forwarding rules of this machine: never two at a time.
OF_THE_MACHINE = {
    "test_bad_input",
    "test_interruptions",
    "test_page_in_browser",
    "test_repair",
    "test_report_in_browser",
}
COMMAND = [sys.executable, "-c", "from meshproof.cli import main; main()"]


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str


@pytest.fixture(scope="module", autouse=True)
def _alone(request, tmp_path_factory) -> Iterator[None]:
    """Let one module at a time look at the whole machine; the others run beside it."""
    if request.path.stem not in OF_THE_MACHINE:
        yield
        return
    with FileLock(tmp_path_factory.getbasetemp().parent / "machine.lock"):
        yield


@pytest.fixture
def paths() -> Paths:
    return user_paths()


@pytest.fixture
def engine(paths) -> Engine:
    return detect(paths)


@pytest.fixture(scope="session")
def meshproof() -> Callable[..., Ended]:
    """Run the command to its end."""

    def run(*words: str, wrapper: tuple[str, ...] = (), seconds: float = 300, **env: str) -> Ended:
        done = subprocess.run(
            [*wrapper, *COMMAND, *words],
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
            env={**os.environ, **env},
        )
        return Ended(done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture(scope="session")
def stopped_at() -> Callable[..., Ended]:
    """Run the command until it says a line, send it a signal then, and wait for its end."""

    def run(line: str, signal_number: int, *words: str, **env: str) -> Ended:
        process = subprocess.Popen(
            # A shell starts what it runs in the background deaf to Ctrl-C, and so all that this starts.
            ["env", "--default-signal=INT", *COMMAND, *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1", **env},
        )
        said: list[str] = []
        for out in process.stdout:
            said.append(out)
            if line in out:
                # A moment later, so that the phase is under way and not only announced.
                threading.Event().wait(1.0)
                process.send_signal(signal_number)
                break
        rest, err = process.communicate(timeout=120)
        return Ended(process.returncode, "".join(said) + rest, err)

    return run


@pytest.fixture
def cluster_name(meshproof) -> Iterator[str]:
    """A name of the test's own; what is left under it is removed."""
    name = f"e2e-{os.getpid()}"
    yield name
    meshproof("down", "--name", name)


@pytest.fixture
def empty_store(tmp_path) -> Iterator[dict[str, str]]:
    """An image store and caches with nothing in them, as on a new machine."""
    store = tmp_path / "store"
    conf = tmp_path / "storage.conf"
    conf.write_text(f'[storage]\ndriver = "overlay"\ngraphroot = "{store}/graph"\nrunroot = "{store}/run"\n')
    yield {
        "CONTAINERS_STORAGE_CONF": str(conf),
        "MESHPROOF_CACHE": str(store / "cache"),
        "MESHPROOF_STATE": str(tmp_path / "state"),
        "TMPDIR": str(tmp_path),
    }
    # The engine mounts its graph onto itself; until that is gone the folder cannot be removed.
    subprocess.run(["umount", f"{store}/graph/overlay"], check=False, capture_output=True)


@pytest.fixture
def small_disk(tmp_path) -> Iterator[Path]:
    """A disk of 64 MB."""
    folder = tmp_path / "store"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", folder], check=True)
    yield folder
    subprocess.run(["umount", "--recursive", folder], check=True)


@pytest.fixture(scope="session")
def demo() -> Demo:
    """The demo of MESHPROOF_NAME, with the images of this checkout.

    It must be there: each worker has this fixture, and none of them may make or end what the others use.
    """
    paths = user_paths()
    made = state.load(paths, NAME)
    if made is None or not made.fingerprint:
        raise MeshproofError(f"there is no demo {NAME} to test with", "run `meshproof up`")
    engine = detect(paths, made.engine)
    kind = Kind(paths, engine, NAME)
    supplied = choose("auto", paths, made.supply).prepare(engine)
    return Demo(kind.load(made, supplied), kind.cluster(made), supplied, changed=False)


@pytest.fixture(scope="session")
def helm(demo) -> Helm:
    """Helm on the demo's cluster."""
    return Helm(demo.supplied.tools.helm, demo.cluster.kubeconfig, demo.cluster.context)


@pytest.fixture(scope="module")
def namespace(demo) -> Iterator[Callable[..., str]]:
    """Make namespaces, with sidecars or without; they go with the module's tests."""
    core = client.CoreV1Api(demo.cluster.api)
    made: list[str] = []

    def make(name: str, *, injected: bool = True, **labels: str) -> str:
        full = f"e2e-{name}-{os.getpid()}"
        injection = {"istio-injection": "enabled" if injected else "disabled"}
        metadata = client.V1ObjectMeta(name=full, labels={**injection, **labels})
        core.create_namespace(client.V1Namespace(metadata=metadata))
        made.append(full)
        return full

    yield make
    for name in made:
        core.delete_namespace(name)
