"""Cluster `kind`: one node in a container, made, filled with images and removed."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from kubernetes import client
from urllib3.exceptions import HTTPError

from meshproof import wait
from meshproof.cluster import audit, ports, state
from meshproof.cluster.model import Cluster
from meshproof.cluster.state import State
from meshproof.cluster.watchers import make_room
from meshproof.console import say
from meshproof.errors import MeshproofError
from meshproof.paths import Paths
from meshproof.process import CommandFailed, run
from meshproof.supply.engine import Engine
from meshproof.supply.model import Supplied

GATEWAY_NODE_PORT = 30080
SUITE_NODE_PORT = 30081
LABEL = "io.x-k8s.kind.cluster"
NETWORK = "kind"
READY_SECONDS = 120
REMOVE_SECONDS = 30


class NameTaken(MeshproofError):
    """A cluster that was not made here has the name."""


def configuration(name: str, gateway_port: int, suite_port: int, policy: Path, *, own_network: bool) -> str:
    """The configuration of the cluster for kind, as YAML.

    Args:
        name: kind's name of the cluster.
        gateway_port: port of this host for the demo's gateway.
        suite_port: port of this host for the gateway of a run.
        policy: the file that says what the API server writes to its audit log.
        own_network: whether the node image brings its own pod network.
    """
    return yaml.safe_dump(
        {
            "kind": "Cluster",
            "apiVersion": "kind.x-k8s.io/v1alpha4",
            "name": name,
            # The subnet is the one that the node image's own network hands out.
            "networking": {"disableDefaultCNI": own_network, "podSubnet": "10.244.0.0/16"},
            "nodes": [
                {
                    "role": "control-plane",
                    "extraMounts": [audit.mount(policy)],
                    "kubeadmConfigPatches": [audit.patch()],
                    "extraPortMappings": [
                        {
                            "containerPort": GATEWAY_NODE_PORT,
                            "hostPort": gateway_port,
                            "listenAddress": "127.0.0.1",
                        },
                        {
                            "containerPort": SUITE_NODE_PORT,
                            "hostPort": suite_port,
                            "listenAddress": "127.0.0.1",
                        },
                    ],
                }
            ],
        },
        sort_keys=False,
    )


def kubeconfig_of(paths: Paths, name: str) -> Path:
    """The kubeconfig of a cluster made here: a file of its own."""
    return paths.cluster(name) / "kubeconfig"


def way_to(paths: Paths, made: State) -> Cluster:
    """The way to the API server of a cluster made here; whether it runs is not asked."""
    mapped = ((GATEWAY_NODE_PORT, made.gateway_port), (SUITE_NODE_PORT, made.suite_port))
    return Cluster(kubeconfig_of(paths, made.name), f"kind-{made.name}", mapped)


@dataclass(frozen=True)
class Kind:
    """Clusters of one name.

    Args:
        paths: where state and kubeconfig belong.
        engine: holds the node.
        name: kind's name of the cluster.
    """

    paths: Paths
    engine: Engine
    name: str

    @property
    def kubeconfig(self) -> Path:
        """Our own file; the user's is never touched."""
        return kubeconfig_of(self.paths, self.name)

    @property
    def _made_network(self) -> Path:
        return self.paths.state / "made-network"

    def state(self) -> State | None:
        """What is remembered of the cluster."""
        return state.load(self.paths, self.name)

    def nodes(self) -> list[str]:
        """The cluster's containers, running or not."""
        return self.engine.containers(f"{LABEL}={self.name}")

    def cluster(self, made: State) -> Cluster:
        """The way to the cluster's API server."""
        return way_to(self.paths, made)

    def healthy(self, node_image: str) -> State | None:
        """The state of a complete cluster of this node image whose API server answers; None otherwise."""
        made = self.state()
        if made is None or made.phase != "ready" or made.node_image != node_image or not self.nodes():
            return None
        try:
            self.cluster(made).version()
        except MeshproofError:
            return None
        return made

    def check(self, port: int | None) -> None:
        """Refuse what cannot work, before anything is built.

        Raises:
            NameTaken: a cluster of this name exists that was not made here.
            PortTaken: the wanted port is in use, or the cluster that is there has another.
        """
        made = self.state()
        if made is None and self.nodes():
            raise NameTaken(
                f"a kind cluster named {self.name} exists that meshproof did not make",
                f"choose another name with --name, or remove it: kind delete cluster --name {self.name}",
            )
        if made is None and port is not None:
            ports.choose(port, set())
        if made is not None and port not in {None, made.gateway_port}:
            raise ports.PortTaken(
                f"the gateway of cluster {self.name} is on port {made.gateway_port}, not on {port}",
                "run `meshproof down` first to move it",
            )

    def ensure(self, supplied: Supplied, port: int | None) -> State:
        """The cluster, made when there is none; one that an earlier run left half made is made anew.

        Raises:
            NameTaken: a cluster of this name exists that was not made here.
            PortTaken: the wanted port is in use.
        """
        self.check(port)
        if made := self.healthy(supplied.node_image):
            return made
        if self.state() is not None:
            say(f"    what an earlier run left of cluster {self.name} is not usable: making it anew")
            self.delete()
        return self._create(supplied, port)

    def _create(self, supplied: Supplied, port: int | None) -> State:
        gateway_port = ports.choose(port, set())
        suite_port = ports.choose(None, {gateway_port})
        made = state.save(
            self.paths,
            State(
                name=self.name,
                phase="creating",
                gateway_port=gateway_port,
                suite_port=suite_port,
                supply=supplied.supply,
                engine=self.engine.name,
                node_image=supplied.node_image,
            ),
        )
        if NETWORK not in self._networks():
            self._made_network.touch()
        policy = audit.write_policy(self.paths.cluster(self.name))
        text = configuration(self.name, gateway_port, suite_port, policy, own_network=supplied.own_network)
        log = self.paths.logs / f"kind-{self.name}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        log.unlink(missing_ok=True)
        words = ["create", "cluster", "--config", "-", "--image", supplied.node_image]
        try:
            run(
                [supplied.tools.kind, *words, "--kubeconfig", self.kubeconfig, "--verbosity", "1"],
                log=log,
                env=self.engine.environment,
                stdin=text.encode(),
                orderly=True,
            )
        except CommandFailed as error:
            raise self._explained(error, log) from error
        return made

    def _explained(self, error: CommandFailed, log: Path) -> MeshproofError:
        if "address already in use" in log.read_text(errors="replace").lower():
            return ports.PortTaken("a port of the cluster was taken while it was made", "run again")
        # What the engine said stands between kind's own line and a stack trace.
        lines = log.read_text(errors="replace").splitlines()
        said = [line for line in lines if line.startswith(("ERROR:", "Command Output:", "Error:"))]
        line = said[-1] if said else error.what
        return MeshproofError(f"kind could not make the cluster {self.name}: {line}", f"read the log {log}")

    def _networks(self) -> list[str]:
        return self.engine.run("network", "ls", "--format", "{{.Name}}").split()

    def load(self, made: State, supplied: Supplied) -> State:
        """Load what the node cannot pull; nothing when all of it was loaded before."""
        if supplied.archive is None or set(supplied.load) <= set(made.loaded):
            return made
        log = self.paths.logs / f"load-{self.name}.log"
        run(
            [supplied.tools.kind, "load", "image-archive", supplied.archive, "--name", self.name],
            log=log,
            env=self.engine.environment,
            orderly=True,
        )
        return state.save(self.paths, made.model_copy(update={"loaded": tuple(supplied.load)}))

    def wait_ready(self, made: State) -> State:
        """Wait until the node takes pods, and remember that the cluster is complete."""
        core = client.CoreV1Api(self.cluster(made).api)

        def ready() -> bool:
            try:
                nodes: Any = core.list_node(_request_timeout=5)
            except (client.ApiException, HTTPError):
                return False
            conditions = [c for node in nodes.items for c in node.status.conditions if c.type == "Ready"]
            return bool(conditions) and all(condition.status == "True" for condition in conditions)

        wait.until(
            ready, READY_SECONDS, f"the node of cluster {self.name} is ready", f"read {self.paths.logs}"
        )
        make_room(self.engine, f"{self.name}-control-plane")
        return state.save(self.paths, made.model_copy(update={"phase": "ready"}))

    def _remove(self, words: tuple[str, ...], names: list[str]) -> None:
        def removed() -> bool:
            try:
                self.engine.run(*words, *names)
            except CommandFailed:
                # The node's programs are still ending, or an interrupted engine is still unmounting it.
                return False
            return True

        command = " ".join([*words, *names])
        wait.until(
            removed,
            REMOVE_SECONDS,
            f"the engine removes what it held of cluster {self.name}",
            f"look at what holds it: {self.engine.name} {command}",
            every=1.0,
        )

    def delete(self) -> list[str]:
        """Remove the cluster and its state; names what was removed. Safe to call at any time."""
        removed: list[str] = []
        made = self.state()
        if made is None:
            return removed
        nodes = self.nodes()
        if nodes:
            self._remove(("rm", "--force", "--volumes"), nodes)
            removed += [f"container {node}" for node in nodes]
        # With Podman, kind labels a node's volume with the node's name as the key.
        label = f"label={self.name}-control-plane"
        volumes = self.engine.run("volume", "ls", "--quiet", "--filter", label).split()
        if volumes:
            self._remove(("volume", "rm"), volumes)
            removed += [f"volume {volume[:12]}" for volume in volumes]
        # Whichever of our clusters goes last takes it along; one that was there before us stays.
        if self._made_network.exists() and not self.engine.containers(LABEL):
            if NETWORK in self._networks():
                self.engine.run("network", "rm", NETWORK)
                removed.append(f"network {NETWORK}")
            self._made_network.unlink()
        state.forget(self.paths, self.name)
        removed.append(f"state {self.paths.cluster(self.name)}")
        return removed
