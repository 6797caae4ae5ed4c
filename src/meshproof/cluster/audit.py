"""The audit log of a cluster made here: every write to its API server, by whom and where.

It is what shows that a run writes nothing outside its own namespaces. Small on purpose: who, what and when,
no objects but namespaces, and nothing of what a cluster does to keep itself going.
"""

from pathlib import Path
from typing import Any

import yaml

POLICY_FILE = "audit-policy.yaml"
LOG = "/var/log/kubernetes/audit.log"
"""The log inside the node: one JSON event per line."""

_IN_NODE = "/etc/kubernetes/meshproof-audit-policy.yaml"
_MEGABYTES, _OLDER_FILES = "20", "1"
_PARTS = ("apiserver", "kube-controller-manager", "kube-scheduler")
_POLICY: dict[str, Any] = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived", "ResponseStarted"],
    "rules": [
        # What is run in a container may change anything, and begins with a GET where it comes by WebSocket.
        {"level": "Metadata", "resources": [{"group": "", "resources": ["pods/attach", "pods/exec"]}]},
        {"level": "None", "verbs": ["get", "list", "watch"]},
        {
            "level": "None",
            "resources": [
                {"group": "coordination.k8s.io", "resources": ["leases"]},
                {"group": "", "resources": ["events"]},
                {"group": "events.k8s.io", "resources": ["events"]},
                # Questions in the form of objects, which nobody keeps.
                {"group": "authentication.k8s.io"},
                {"group": "authorization.k8s.io"},
            ],
        },
        {"level": "None", "userGroups": ["system:nodes", "system:serviceaccounts:kube-system"]},
        {"level": "None", "users": [f"system:{name}" for name in _PARTS]},
        # The name of an object that is being made is told by the object alone.
        {"level": "Request", "resources": [{"group": "", "resources": ["namespaces"]}]},
        {"level": "Metadata"},
    ],
}


def write_policy(folder: Path) -> Path:
    """Write the policy into a folder, which is made when missing, and return the file."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / POLICY_FILE
    file.write_text(yaml.safe_dump(_POLICY, sort_keys=False))
    return file


def mount(policy: Path) -> dict[str, Any]:
    """What kind mounts into the node: the policy, from this host."""
    return {"hostPath": str(policy), "containerPath": _IN_NODE, "readOnly": True}


def patch() -> str:
    """What kind lays over kubeadm's configuration: the API server's policy, its log and their folders."""
    folder = str(Path(LOG).parent)
    server = {
        "extraArgs": {
            "audit-policy-file": _IN_NODE,
            "audit-log-path": LOG,
            "audit-log-maxsize": _MEGABYTES,
            "audit-log-maxbackup": _OLDER_FILES,
        },
        "extraVolumes": [
            _volume("audit-policy", _IN_NODE, "File", read_only=True),
            _volume("audit-log", folder, "DirectoryOrCreate", read_only=False),
        ],
    }
    return yaml.safe_dump({"kind": "ClusterConfiguration", "apiServer": server}, sort_keys=False)


def _volume(name: str, path: str, kind: str, *, read_only: bool) -> dict[str, Any]:
    return {"name": name, "hostPath": path, "mountPath": path, "readOnly": read_only, "pathType": kind}
