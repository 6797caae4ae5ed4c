"""What hints call things."""

from collections.abc import Iterable

from meshproof.diagnose.facts import PodSeen

_GATEWAY = "gateway-"


def who(pod: PodSeen) -> str:
    """Return the app of a pod; the gateway of a run is called that."""
    return "the gateway" if pod.labels.get("istio", "").startswith(_GATEWAY) else pod.app


def of(name: str) -> str:
    """Return the possessive of a name."""
    return f"{name}'" if name.endswith("s") else f"{name}'s"


def proxy_of(pod: PodSeen) -> str:
    """Return what a pod's proxy is called."""
    return f"{of(who(pod))} proxy"


def cluster_words(cluster: str) -> str:
    """Return `reviews, subset v9` for `outbound|9080|v9|reviews.bookinfo.svc.cluster.local`."""
    parts = cluster.split("|")
    if len(parts) != len(("direction", "port", "subset", "host")):
        return cluster
    _, port, subset, host = parts
    name = host.partition(".")[0] if ".svc." in host else f"{host}:{port}"
    return f"{name}, subset {subset}" if subset else name


def subset_of(cluster: str) -> str:
    """Return the subset that a cluster stands for, or nothing."""
    parts = cluster.split("|")
    return parts[2] if len(parts) == len(("direction", "port", "subset", "host")) else ""


def several(count: int, noun: str) -> str:
    """Return `1 route` or `3 routes`."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def listed(names: Iterable[str], most: int = 4) -> str:
    """Return names in a row, a long row cut."""
    names = list(dict.fromkeys(names))
    shown = ", ".join(names[:most])
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown
