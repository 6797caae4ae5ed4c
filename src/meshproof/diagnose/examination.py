"""Asks a namespace and the proxies of a hop, side by side; keeps what they say, and makes facts of it."""

import math
import re
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial
from itertools import chain
from typing import Any

import yaml

from meshproof.diagnose import read
from meshproof.diagnose.case import Case
from meshproof.diagnose.facts import Facts, PodSeen, ProxySeen
from meshproof.diagnose.folder import Folder
from meshproof.diagnose.gather import Gatherer
from meshproof.diagnose.hop import Hop, misses, row
from meshproof.diagnose.routing import clusters_of
from meshproof.diagnose.scene import KINDS, Scene
from meshproof.observe import access_log, envoy
from meshproof.observe.proxy import CONTAINER
from meshproof.redact import redact_document

CALLERS, CALLEES, BYSTANDERS = 2, 3, 5
"""Pods of each side that are looked at, and of those that are not ready."""

_GRACE = 5.0
_LAST_CALLS = 40
_LOG = "log "


class Examination:
    """One look at the scene of a failure.

    Args:
        case: the failure.
        scene: where it happened.
        folder: where to keep what is seen; None: nowhere.
        seconds: deadline for all of it.
    """

    def __init__(self, case: Case, scene: Scene, folder: Folder | None, seconds: float) -> None:
        self._case = case
        self._scene = scene
        self._folder = folder
        self.gather = Gatherer(seconds)
        self.secrets: frozenset[str] = frozenset()
        self._facts = Facts(
            scene.namespace,
            hop=case.hop,
            expected=row(case.evidence, "expected"),
            misses=" | ".join([case.reason, *misses(case.evidence)]),
        )
        self._documents: dict[str, Any] = {}
        self._logs: dict[str, str] = {}

    def look(self) -> Facts:
        """Look at everything, from the outside in; what cannot be read is left out of the facts."""
        self._look_at_namespace()
        facts = self._facts
        callers = tuple(pod for pod in facts.pods if _calls(pod, facts.hop))[:CALLERS]
        self._facts = replace(facts, callers=callers)
        # Whom the host means is known now; where the caller's routes send the call, only after this.
        self._look_at(callers, self._called())
        self._look_at((), self._called())
        self._read_entries()
        return self._facts

    def _look_at_namespace(self) -> None:
        scene = self._scene
        found = self.gather.ask(
            {
                "pods": scene.pods,
                "services": scene.services,
                "namespace": scene.labels,
                "events": scene.events,
                **{str(kind): partial(scene.objects, kind) for kind in KINDS},
            }
        )
        pods = found.get("pods", ())
        self._documents = {document["metadata"]["name"]: document for document in pods}
        self.secrets = read.secrets_of(pods)
        if self._folder is not None:
            # First of all: nothing is written before it is known what must not be.
            self._folder.knows(self.secrets)
        services = found.get("services")
        objects = tuple(chain.from_iterable(found.get(str(kind), ()) for kind in KINDS))
        self._facts = replace(
            self._facts,
            pods=tuple(read.pod_of(document) for document in pods),
            services=None
            if services is None
            else {one["metadata"]["name"]: read.service_of(one, pods) for one in services},
            objects=objects,
            warnings=read.warnings(found.get("events", ())),
            injecting=read.injecting(found["namespace"]) if "namespace" in found else None,
        )
        self._keep("pods.txt", found.get("pods"), read.pods_text)
        self._keep("events.txt", found.get("events"), read.events_text)
        self._keep("objects.yaml", objects, _yaml)

    def _called(self) -> dict[str, int | None]:
        """Return the Services that the call may be sent to, each with the port of its pods."""
        services, hop = self._facts.services or {}, self._facts.hop
        if hop is None:
            return {}
        called: dict[str, int | None] = {}
        if self._facts.service is not None:
            called[self._facts.service.name] = self._facts.service.ports.get(hop.port)
        for cluster in clusters_of(self._facts):
            _, port, _, host = (*cluster.split("|"), "", "", "", "")[:4]
            name, _, rest = host.partition(".")
            if name in services and rest.startswith(f"{self._facts.namespace}.svc"):
                called[name] = services[name].ports.get(int(port))
        return called

    def _look_at(self, callers: tuple[PodSeen, ...], called: Mapping[str, int | None]) -> None:
        """Ask proxies and read logs: of the calling side, and of the called one as far as it is known."""
        facts = self._facts
        services = facts.services or {}
        called_pods = [
            pod for pod in facts.pods if any(pod.selected(services[name].selector) for name in called)
        ]
        # Those that are not ready first: they have more to tell.
        self._facts = replace(facts, callees=tuple(sorted(called_pods, key=lambda pod: pod.ready)))
        asked = {pod.name for pod in callers}
        callees = [
            pod for pod in self._facts.callees[:CALLEES] if pod.name not in asked | facts.proxies.keys()
        ]
        bystanders = [pod for pod in facts.pods if not pod.ready][:BYSTANDERS]
        questions = {
            **self._log_questions([*callers, *callees, *bystanders]),
            **{(pod.name, name): ask for pod in callers if pod.sidecar for name, ask in self._of_caller(pod)},
            **{(pod.name, name): ask for pod in callees if pod.sidecar for name, ask in self._of_callee(pod)},
        }
        found = self.gather.ask({" of ".join(reversed(key)): ask for key, ask in questions.items()})
        answers = {key: found[name] for key in questions if (name := " of ".join(reversed(key))) in found}
        proxies = dict(self._facts.proxies)
        for pod in (*callers, *callees):
            dumps = {name: answer for (of, name), answer in answers.items() if of == pod.name}
            if pod.sidecar:
                ports = (port for name, port in called.items() if pod.selected(services[name].selector))
                proxies[pod.name] = _proxy(pod, dumps, next(ports, None))
        self._facts = replace(self._facts, proxies=proxies)
        for (name, what), answer in answers.items():
            if what.startswith(_LOG):
                self._keep_log(f"{name}.{what.removeprefix(_LOG)}.log", answer)
            else:
                self._keep_dump(f"{name}.{what}.json", answer)

    def _log_questions(self, pods: Iterable[PodSeen]) -> dict[tuple[str, str], Callable[[], Any]]:
        since = time.time() - self._case.since + _GRACE
        return {
            (pod.name, f"{_LOG}{container}"): partial(self._scene.log, pod.name, container, since)
            for pod in pods
            for container in read.containers_of(self._documents[pod.name])
            if f"{pod.name}.{container}.log" not in self._logs
        }

    def _of_caller(self, pod: PodSeen) -> Iterable[tuple[str, Callable[[], Any]]]:
        hop, proxy, left = self._facts.hop, self._scene.proxy(pod.name), self.gather.left()
        if hop is None:
            return
        inside = f"[.]{self._facts.namespace}[.]svc[.]"
        names = inside if self._facts.service_name or hop.outside else f"{inside}|{re.escape(hop.host)}"
        tables = ".*" if hop.outside else f"({hop.port}|.*:{hop.port})"
        yield "rejections", partial(proxy.rejections, left)
        yield "routes", partial(proxy.routes, tables, left)
        yield "endpoints", partial(proxy.endpoints, names, left)
        yield "clusters", partial(proxy.clusters, f".*({names}).*", left)

    def _of_callee(self, pod: PodSeen) -> Iterable[tuple[str, Callable[[], Any]]]:
        yield "listeners", partial(self._scene.proxy(pod.name).inbound, self.gather.left())

    def _read_entries(self) -> None:
        """Read the proxies' access logs."""
        named = {f"{pod.name}.{CONTAINER}.log": pod.name for pod in self._facts.pods}
        found = [access_log.parse(named[name], log) for name, log in self._logs.items() if name in named]
        entries = tuple(entry for entry in chain.from_iterable(found) if self._of_hop(entry))
        self._facts = replace(self._facts, entries=entries)
        if self._facts.hop is not None:
            self._keep("calls.txt", entries, _calls_text)

    def _of_hop(self, entry: access_log.Entry) -> bool:
        hop, name = self._facts.hop, self._facts.service_name
        if hop is None:
            return False
        inside = f"|{name}.{self._facts.namespace}.svc" if name else hop.host
        authority = entry.authority.rpartition(":")[0] or entry.authority
        return authority in {hop.authority, hop.host} or inside in entry.cluster or "rbac" in entry.details

    def _keep(self, name: str, seen: Any, text: Callable[[Any], str]) -> None:
        if seen is not None and self._folder is not None:
            self._folder.text(name, text(seen))

    def _keep_log(self, name: str, log: str) -> None:
        self._logs[name] = log
        if log and self._folder is not None:
            self._folder.text(name, log, end=True)

    def _keep_dump(self, name: str, dump: Any) -> None:
        if self._folder is None:
            return
        if name.endswith(".rejections.json"):
            dump = {"configs": [one for one in dump.get("configs") or () if "error_state" in one]}
            if not dump["configs"]:
                return
        self._folder.document(name, dump)


def _calls(pod: PodSeen, hop: Hop | None) -> bool:
    """Whether a pod is the calling side of the hop."""
    if hop is None:
        return False
    return read.is_gateway(pod) if hop.outside else pod.labels.get("app") == hop.source


def _proxy(pod: PodSeen, dumps: dict[str, Any], port: int | None) -> ProxySeen:
    def of(name: str, parse_dump: Callable[[Any], Any]) -> Any:
        return None if dumps.get(name) is None else parse_dump(dumps[name])

    return ProxySeen(
        pod=pod,
        hosts=of("routes", envoy.virtual_hosts),
        upstreams=of("clusters", envoy.upstreams),
        endpoints=of("endpoints", envoy.endpoints),
        inbound=None if port is None else of("listeners", lambda dump: envoy.inbound(dump, port)),
        rejected=of("rejections" if "rejections" in dumps else "listeners", envoy.rejected),
    )


def _yaml(objects: Any) -> str:
    if not objects:
        return "# none\n"
    # Lines are not folded: a secret that goes on in the next line would not be found by the rules for texts.
    return yaml.safe_dump_all(redact_document(list(objects)), sort_keys=False, width=math.inf)


def _calls_text(entries: Any) -> str:
    if not entries:
        return (
            "No proxy of this hop logged a call of it: it did not reach them, or they keep no access log.\n"
        )
    last = [f"{entry.words()}  at {entry.upstream}" for entry in entries[-_LAST_CALLS:]]
    return "\n".join([*access_log.counted(entries), "", "the last ones:", *last]) + "\n"
