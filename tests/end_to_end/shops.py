"""Shops of the tests' own in the demo's cluster: what is deployed, and what is done to it."""

import math
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from kubernetes import client
from kubernetes.client import ApiClient
from kubernetes.stream import stream

from meshproof import wait
from meshproof.demo.shop import service_images
from meshproof.demo.up import Demo
from meshproof.manifests import Manifests, Ref, dynamic, pending, read
from meshproof.mesh.helm import Helm, Release
from meshproof.paths import paths
from meshproof.traffic import Batch, Budgets, Call, Reply
from meshproof.traffic.clock import Pace, SystemClock
from meshproof.traffic.outside import Outside
from meshproof.traffic.probe import PodProxy, Probe

CHARTS = paths().house / "charts"
ROLLOUT_SECONDS = 90
EXEC_SECONDS = 20
RESTARTED = "kubectl.kubernetes.io/restartedAt"
ON = {"enabled": True}
OFF = {"enabled": False}
# One pod behind the name reviews, of a version that asks ratings, too.
REVIEWS_V3 = {"reviews": {"versions": {"v1": OFF, "v2": OFF}}}


def once(call: Call) -> Reply:
    """The reply to a single call, on a connection of its own."""
    (reply,) = call.sender.send(call, Batch(1, 1, 60.0, new_connections=True)).replies
    return reply


@dataclass(frozen=True)
class Shop:
    """Bookinfo in a namespace, behind the demo's gateway under a host of its own.

    Args:
        demo: whose cluster and images.
        helm: installs it.
        namespace: where it is; also the first part of its host.
    """

    demo: Demo
    helm: Helm
    namespace: str

    @property
    def api(self) -> ApiClient:
        """The cluster's API server."""
        return self.demo.cluster.api

    @property
    def host(self) -> str:
        """The name under which the gateway serves it."""
        return f"{self.namespace}.example"

    def install(self, **values: Any) -> None:
        """Install the shop, or change it, and wait until it is ready."""
        wanted = {
            "images": service_images(self.demo.supplied),
            "gateway": {"enabled": True, "hosts": [self.host]},
            **values,
        }
        self.helm.ensure(Release("bookinfo", CHARTS / "bookinfo", self.namespace, wanted))

    def install_probe(self, name: str = "probe-a") -> Probe:
        """Install a probe and return it."""
        others = {other: None for other in ("probe-a", "probe-b", "probe-plain") if other != name}
        values = {"images": {"probe": self.demo.supplied.images["probe"]}, "probes": others}
        self.helm.ensure(Release("probe", CHARTS / "probe", self.namespace, values))
        return Probe(name, PodProxy(self.api, self.namespace, name))

    def outside(self, budgets: Budgets | None = None) -> Outside:
        """This machine as a reader who comes through the gateway."""
        return Outside(self.demo.url, self.host, budgets)

    def restart(self, deployment: str) -> float:
        """Replace the pods of a deployment as `kubectl rollout restart` does; the seconds that it took."""
        started = time.monotonic()
        annotations = {RESTARTED: datetime.now(UTC).isoformat()}
        body = {"spec": {"template": {"metadata": {"annotations": annotations}}}}
        client.AppsV1Api(self.api).patch_namespaced_deployment(deployment, self.namespace, body)
        self.wait_rolled_out(deployment)
        return time.monotonic() - started

    def wait_rolled_out(self, deployment: str) -> None:
        """Wait until all pods of a deployment are new and available."""
        apps = client.AppsV1Api(self.api)
        kind = {"apiVersion": "apps/v1", "kind": "Deployment"}

        def rolled_out() -> bool:
            found = apps.read_namespaced_deployment(deployment, self.namespace)
            return pending({**self.api.sanitize_for_serialization(found), **kind}) is None

        look = f"look at its pods: kubectl --namespace {self.namespace} get pods"
        wait.until(rolled_out, ROLLOUT_SECONDS, f"{deployment} is rolled out", look, every=0.1)

    def apply(self, manifest: Path) -> tuple[Ref, ...]:
        """Apply the objects of a file to the shop's namespace, and wait until they are accepted."""
        tokens = {"namespace": self.namespace}
        for image, reference in self.demo.supplied.images.items():
            tokens[f"images.{image}"] = reference
        return self._manifests.apply(read(manifest, tokens))

    def delete(self, objects: tuple[Ref, ...]) -> None:
        """Delete what was applied."""
        self._manifests.delete(objects)

    @property
    def _manifests(self) -> Manifests:
        return Manifests(dynamic(self.api), self.namespace, {}, seconds=ROLLOUT_SECONDS)

    def scale(self, deployment: str, replicas: int) -> None:
        """Change the number of a deployment's pods."""
        body = {"spec": {"replicas": replicas}}
        client.AppsV1Api(self.api).patch_namespaced_deployment_scale(deployment, self.namespace, body)

    def run(self, app: str, *command: str) -> str:
        """Run a command in the container of an app's pod; what it printed."""
        pod = self.pod(app)
        # A client of its own: while a stream lasts, its client speaks WebSocket for every call.
        with ApiClient(self.api.configuration) as own:
            socket = stream(
                client.CoreV1Api(own).connect_get_namespaced_pod_exec,
                pod.metadata.name,
                self.namespace,
                container=app,
                command=list(command),
                stdout=True,
                stderr=True,
                stdin=False,
                tty=False,
                _preload_content=False,
            )
            try:
                socket.run_forever(timeout=EXEC_SECONDS)
                return str(socket.read_all())
            finally:
                socket.sock.shutdown()

    def sql(self, statement: str) -> str:
        """Run a statement on the shop's database, as its administrator; the rows that it gave."""
        script = 'MYSQL_PWD=$MYSQL_ROOT_PASSWORD exec mariadb --user=root --skip-column-names --execute="$0"'
        return self.run("mysqldb", "sh", "-c", script, statement)

    def pod(self, app: str) -> Any:
        """The one pod with a label `app`; those that are on their way out do not count."""
        found = client.CoreV1Api(self.api).list_namespaced_pod(self.namespace, label_selector=f"app={app}")
        (pod,) = [pod for pod in found.items if pod.metadata.deletion_timestamp is None]
        return pod


def _in_full(said: str, reply: Reply) -> str:
    """Add who said it and how long that took: what waited in vain differs from what was refused."""
    return f"{said}, after {reply.seconds:.2f} s, by {reply.pod}"


@dataclass
class Load:
    """Calls at a steady rate from a probe, batch after batch.

    Args:
        call: what is sent.
        rate: calls in a second.
    """

    call: Call
    rate: int
    replies: list[Reply] = field(default_factory=list)
    seconds: float = 0.0

    BATCH_SECONDS = 10
    # The next batch begins when it is due, whether or not the last calls of the one before are answered: a
    # pause at each end would take the more of the rate the slower the machine is.
    AT_ONCE = 2

    @contextmanager
    def running(self) -> Iterator[None]:
        """Send while the block lasts; afterwards every call has been answered, or has failed."""
        stop = threading.Event()
        with ThreadPoolExecutor(1) as pool:
            sent = pool.submit(self._send, stop)
            try:
                yield
            finally:
                stop.set()
                sent.result()

    def _send(self, stop: threading.Event) -> None:
        count = self.rate * self.BATCH_SECONDS
        # The first connections of a batch are new, the others are kept. The page's parts are within the first
        # kilobytes; a probe does not keep more of so many bodies.
        batch = Batch(count, 32, self.BATCH_SECONDS + 30.0, rate=self.rate, body_limit=6 << 10)
        pace = Pace(
            SystemClock(), within=math.inf, first=self.BATCH_SECONDS, longest=self.BATCH_SECONDS, growth=1
        )
        answers = []
        with ThreadPoolExecutor(self.AT_ONCE) as pool:
            last = False
            while not last:
                pace.pause()
                # One whole batch after the end: the newest pod is asked, the last to go drains under load.
                last = stop.is_set()
                answers.append(pool.submit(self.call.sender.send, self.call, batch))
        self.seconds = pace.passed()
        for answer in (each.result() for each in answers):
            assert not answer.partial, f"{len(answer.replies)} of {count} calls were made"
            self.replies += answer.replies

    def wrong(self, flaws: Mapping[str, str]) -> list[str]:
        """Every reply that is not a whole answer, in a few words.

        Args:
            flaws: a text that no good body has -> what it says.
        """
        found = [
            str(reply)
            if reply.failure is not None or reply.status != 200
            else next((_in_full(said, reply) for text, said in flaws.items() if text in reply.body), "")
            for reply in self.replies
        ]
        return [words for words in found if words]

    def pods(self) -> set[str]:
        """The pods that answered."""
        return {reply.pod for reply in self.replies if reply.pod}
