"""A cluster of answers: what an API server in front of a small mesh says, and what it was asked."""

import json
from types import SimpleNamespace

import urllib3.exceptions
import yaml

SYSTEM = "/api/v1/namespaces/istio-system"
ADDONS = "/api/v1/namespaces/meshproof-observability/services"
VERSION = "/version"
KINDS = "/apis"
NODES = "/api/v1/nodes"
DAEMON_SETS = "/apis/apps/v1/daemonsets"
LOAD_BALANCERS = "/api/v1/services?fieldSelector=spec.type%3DLoadBalancer"
WEBHOOKS = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations"
ISTIOD = f"{SYSTEM}/pods?labelSelector=app%3Distiod"
METRICS = f"{SYSTEM}/services/istiod:15014/proxy/metrics"
MESH_CONFIG = f"{SYSTEM}/configmaps/istio"
INJECTION = f"{SYSTEM}/configmaps/istio-sidecar-injector"
GATEWAY_CLASS = "/apis/gateway.networking.k8s.io/v1/gatewayclasses/istio"
PROMETHEUS = f"{ADDONS}/prometheus:9090/proxy/api/v1/query"
JAEGER = f"{ADDONS}/jaeger:16686/proxy/api/services"
GRAFANA = f"{ADDONS}/grafana:3000/proxy/api/health"
KIALI = f"{ADDONS}/kiali:20001/proxy/kiali/api/status"


def endpoints_of(service, namespace):
    return (
        f"/apis/discovery.k8s.io/v1/namespaces/{namespace}/endpointslices"
        f"?labelSelector=kubernetes.io%2Fservice-name%3D{service}"
    )


def refused(code, reason, message, kind=None):
    details = {"name": "x", "kind": kind} if kind else {}
    return code, {"kind": "Status", "message": message, "reason": reason, "code": code, "details": details}


def node(name, zone=None, architecture="amd64", kubelet="v1.34.4"):
    labels = {"topology.kubernetes.io/zone": zone} if zone else {}
    info = {"architecture": architecture, "kubeletVersion": kubelet}
    return {"metadata": {"name": name, "labels": labels}, "spec": {}, "status": {"nodeInfo": info}}


def istiod(revision="default", ips=("10.244.0.4",), phase="Running", **env):
    variables = [{"name": name, "value": value} for name, value in env.items()]
    return {
        "metadata": {"name": f"istiod-{revision}", "labels": {"istio.io/rev": revision}},
        "spec": {"containers": [{"name": "discovery", "env": variables}]},
        "status": {"phase": phase, "podIPs": [{"ip": ip} for ip in ips]},
    }


def daemon_set(name, namespace="kube-system", ready=1):
    return {"metadata": {"name": name, "namespace": namespace}, "status": {"numberReady": ready}}


def kinds(**groups):
    items = [
        {
            "metadata": {"name": name.replace("_", ".").replace("..", "-")},
            "versions": [{"version": "v1", "resources": [{"resource": each} for each in resources]}],
        }
        for name, resources in groups.items()
    ]
    return {"kind": "APIGroupDiscoveryList", "items": items}


ISTIO_KINDS = {
    "networking_istio_io": [
        "virtualservices", "destinationrules", "gateways", "serviceentries", "sidecars", "envoyfilters",
    ],
    "security_istio_io": ["peerauthentications", "authorizationpolicies", "requestauthentications"],
    "telemetry_istio_io": ["telemetries"],
}  # fmt: skip


def webhook(name, value):
    selector = {"matchExpressions": [{"key": "istio-injection", "operator": "In", "values": [value]}]}
    return {"metadata": {"name": "injector"}, "webhooks": [{"name": name, "namespaceSelector": selector}]}


def metrics(version="1.31.1", remote=0):
    return (
        "# TYPE istiod_managed_clusters gauge\n"
        'istiod_managed_clusters{cluster_type="local"} 1\n'
        f'istiod_managed_clusters{{cluster_type="remote"}} {remote}\n'
        f'pilot_info{{version="{version}"}} 1\n'
    )


def mesh_config(**settings):
    return {"data": {"mesh": yaml.safe_dump(settings)}}


class ApiServer:
    """Answers each path as it was told to, and remembers which it was asked for.

    An answer is a body for 200, a pair of status and body, or an exception.
    """

    def __init__(self):
        absent = [
            refused(404, "NotFound", f'services "{name}" not found', "services")
            for name in ("grafana", "kiali")
        ]
        self.answers = {
            VERSION: {"gitVersion": "v1.34.4"},
            KINDS: kinds(**ISTIO_KINDS),
            NODES: {"items": [node("one")]},
            DAEMON_SETS: {"items": [daemon_set("kube-proxy")]},
            LOAD_BALANCERS: {"items": []},
            WEBHOOKS: {"items": [webhook("namespace.sidecar-injector.istio.io", "enabled")]},
            ISTIOD: {"items": [istiod()]},
            METRICS: metrics(),
            MESH_CONFIG: mesh_config(),
            INJECTION: {"data": {"values": json.dumps({"global": {"nativeNftables": False}})}},
            PROMETHEUS: {"data": {"resultType": "vector", "result": []}},
            JAEGER: {"data": ["details"]},
            GRAFANA: absent[0],
            KIALI: absent[1],
        }
        self.asked = []

    def param_serialize(self, method, path, **_):
        assert method == "GET"
        return (path,)

    def call_api(self, path, **_):
        self.asked.append(path)
        answer = self.answers.get(path, (404, "404 page not found"))
        if isinstance(answer, Exception):
            raise answer
        status, body = answer if isinstance(answer, tuple) else (200, answer)
        data = (body if isinstance(body, str) else json.dumps(body)).encode()
        return SimpleNamespace(response=SimpleNamespace(status=status, data=data))


NO_ANSWER = urllib3.exceptions.ReadTimeoutError(None, "/", "read timed out")
