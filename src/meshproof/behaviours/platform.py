"""What holds on every platform that the mesh runs on."""

from meshproof.behaviours.model import Area, Promises

_platform = Promises(Area.PLATFORM)

PLATFORM = (
    _platform.core("PF-01", "What a cluster lacks is told before anything is installed, and what to do."),
    _platform.extended(
        "PF-02", "Traffic is the same whichever way it is redirected to the proxy.", "nftables"
    ),
    _platform.extended("PF-03", "Traffic is the same over IPv4 and over IPv6.", "dual-stack"),
    _platform.extended("PF-04", "Pods join the mesh under every pod security standard.", "istio-cni"),
    _platform.extended(
        "PF-05", "Network policies and the ambient mesh's tunnels get along.", "network-policy", "ambient"
    ),
    _platform.extended(
        "PF-06", "Results are the same on every processor architecture.", "several-architectures"
    ),
    _platform.core("PF-07", "A run without any network needs no image beyond the list that was printed."),
    _platform.extended(
        "PF-08", "What the proxies cost in time, processor and memory keeps to a budget.", "prometheus"
    ),
)
