"""The images of this house, and the few facts that their Dockerfiles cannot hold themselves."""

import re
import tomllib
from pathlib import Path

from meshproof.supply.recipe import Recipe

CONTROL_PLANE = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy")
NODE_IMAGES = (*CONTROL_PLANE, "etcd", "coredns", "pause")
# The shop: its services, and the database of those versions that have one.
SERVICES = ("productpage", "details", "reviews", "ratings", "mysqldb")
# What runs in the cluster besides Kubernetes itself.
CLUSTER_IMAGES = (
    "pilot",
    "proxyv2",
    "prometheus",
    "jaeger",
    *(f"bookinfo-{service}" for service in SERVICES),
    "probe",
    "ratelimit",
    "valkey",
)
# What is built only when it is asked for by name: the demo does without.
ON_DEMAND = ("browser",)
# Images whose files run on the host: recipe -> program -> path inside.
# The two longest builds come first, so that they run side by side.
HOST_TOOLS = {
    "kubernetes": {"kubectl": "/kubectl"},
    "istio": {"istioctl": "/bin/istioctl", "charts": "/charts"},
    "kind": {"kind": "/kind"},
    "helm": {"helm": "/helm"},
    "gateway-api": {"gateway-api": "/gateway-api"},
}

# What the packages supply builds; Go programs early, so that none of them is left for the end to build alone.
BUILD_ORDER = (*HOST_TOOLS, "jaeger", "ratelimit", "node", *CLUSTER_IMAGES)


def required_version(go_mod: Path, module: str) -> str:
    """The version of a module that a go.mod requires, so that it is pinned there and nowhere else."""
    found = re.search(rf"^(?:require )?\s*{re.escape(module)} (v\S+)", go_mod.read_text(), re.MULTILINE)
    if not found:
        raise ValueError(f"{go_mod} does not require {module}")
    return found[1]


def package_pins(house: Path) -> dict[str, str]:
    """The pins of supply `packages` that no go.mod or lock file holds, from images/versions.toml."""
    with (house / "images" / "versions.toml").open("rb") as file:
        pins: dict[str, str] = tomllib.load(file)["packages"]
    return pins


def recipes(house: Path) -> dict[str, Recipe]:
    """Every image by name."""
    images = house / "images"
    kubernetes = required_version(images / "kubernetes" / "go.mod", "k8s.io/kubernetes")
    arguments = {
        "kubernetes": {"VERSION": kubernetes},
        "node": {"VERSION": kubernetes},
        "helm": {"VERSION": required_version(images / "helm" / "go.mod", "helm.sh/helm/v3")},
        # The last part of a pseudo-version is the commit.
        "istio": {
            "VERSION": package_pins(house)["istio"],
            "REVISION": required_version(images / "istio" / "go.mod", "istio.io/istio").rpartition("-")[2],
        },
    }
    own = ("go", "kubernetes", "istio", "kind", "helm", "etcd", "coredns", "pause", "gateway-api")
    found = [Recipe(name, images / name, arguments=arguments.get(name, {})) for name in own]
    for binary in CONTROL_PLANE:
        target = "proxy" if binary == "kube-proxy" else "static"
        found.append(Recipe(binary, images / "control-plane", target, {"BINARY": binary}))
    found.append(Recipe("node", images / "node", arguments=arguments["node"], archived=NODE_IMAGES))
    plain = ("pilot", "proxyv2", "prometheus", "jaeger", "ratelimit", "valkey")
    found += [Recipe(name, images / name) for name in plain]
    found += [Recipe(f"bookinfo-{service}", house / "bookinfo" / service) for service in SERVICES]
    found.append(Recipe("probe", house / "bookinfo" / "probe"))
    found += [Recipe(name, images / name) for name in ON_DEMAND]
    return {recipe.name: recipe for recipe in found}
