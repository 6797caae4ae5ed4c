"""A mesh as an API server shows it: healthy, until a test takes something away."""

import json
from urllib.parse import unquote, urlsplit

from meshproof.access.rights import cluster_role, rights

REVIEW = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
SERVICES = "/api/v1/namespaces/istio-system/services"
VERSION = f"{SERVICES}/istiod:15014/proxy/version"
WEBHOOKS = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations"
KUBERNETES = ("major", "minor", "gitCommit", "gitTreeState", "buildDate", "goVersion", "compiler", "platform")
DRY_RUN = "/apis/networking.istio.io/v1/namespaces/istio-system/virtualservices"


def status(code, message):
    return code, {"kind": "Status", "apiVersion": "v1", "code": code, "message": message}


def webhooks(selector, name="namespace.sidecar-injector.istio.io"):
    configuration = {
        "metadata": {"name": "istio-sidecar-injector"},
        "webhooks": [
            {
                "name": name,
                "namespaceSelector": selector,
                "admissionReviewVersions": ["v1"],
                "clientConfig": {},
                "sideEffects": "None",
            }
        ],
    }
    return {"items": [configuration]}


def services(*names, port=15014):
    found = [{"metadata": {"name": name}, "spec": {"ports": [{"port": port}]}} for name in names]
    return 200, {"items": found}


class Mesh:
    """What the API server answers."""

    def __init__(self):
        self.denied = set()
        self.names_asked = set()
        self.told = {}
        self.webhook_judges = True
        self.answers = {
            "/version/": (200, dict.fromkeys(KUBERNETES, "") | {"gitVersion": "v1.34.4"}),
            SERVICES: services("istiod"),
            VERSION: (200, "1.31.0"),
            WEBHOOKS: (200, webhooks({"matchLabels": {"istio-injection": "enabled"}})),
        }
        groups = {}
        for right in rights(cluster_role()):
            if right.group.endswith(".istio.io"):
                groups.setdefault(right.group, set()).add(right.resource)
        for group, resources in groups.items():
            self.serve(group, resources)
            self.serve(group, (), version="v1beta1")
        listed = [{"name": group, **self._versions(group)} for group in groups]
        self.answers["/apis/"] = (200, {"groups": listed})

    def _versions(self, group):
        versions = [{"groupVersion": f"{group}/{name}", "version": name} for name in ("v1", "v1beta1")]
        return {"versions": versions, "preferredVersion": versions[0]}

    def serve(self, group, resources, version="v1"):
        kinds = [
            {"name": name, "kind": name, "namespaced": True, "singularName": name, "verbs": []}
            for name in resources
        ]
        listed = {"groupVersion": f"{group}/{version}", "resources": kinds}
        self.answers[f"/apis/{group}/{version}"] = (200, listed)

    def judge_right(self, review):
        asked = review["spec"]["resourceAttributes"]
        resource = "/".join(filter(None, (asked["resource"], asked.get("subresource"))))
        allowed = (asked.get("group", ""), resource, asked["verb"]) not in self.denied
        self.names_asked.add(asked.get("name", ""))
        return 201, {**review, "status": {"allowed": allowed}}

    def judge_object(self, body):
        if not self.webhook_judges:
            return status(500, 'failed calling webhook "validation.istio.io": connection refused')
        if body["spec"]["http"][0]["route"][0]["weight"] < 0:
            return status(400, 'admission webhook "validation.istio.io" denied the request: weight -1')
        return 201, body

    def take(self, target, body):
        path = unquote(urlsplit(target).path)
        if path in self.answers:
            self.told[path] = body
            return self.answers[path]
        if path == REVIEW:
            return self.judge_right(json.loads(body))
        if path == DRY_RUN:
            return self.judge_object(json.loads(body))
        return status(404, "not found")
