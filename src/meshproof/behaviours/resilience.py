"""What the mesh promises when something is slow, broken or too much."""

from meshproof.behaviours.model import Area, Promises

_resilience = Promises(Area.RESILIENCE)

RESILIENCE = (
    _resilience.core("RS-01", "An injected delay slows the calls of the matched user, and nobody else's."),
    _resilience.core("RS-02", "An injected HTTP error hits the share of the calls that was asked for."),
    _resilience.core("RS-03", "An injected gRPC error arrives as that gRPC status."),
    _resilience.core("RS-04", "A call that takes too long is ended at its timeout with status 504."),
    _resilience.core("RS-05", "A failing call is tried exactly as often as was asked for."),
    _resilience.core("RS-06", "A try that is slow or reset is given up for another, and the call succeeds."),
    _resilience.core("RS-07", "Calls beyond the connection pool's limit are refused at once, and counted."),
    _resilience.core("RS-08", "A backend that keeps failing gets no calls for a while, and then again."),
    _resilience.core("RS-09", "No more than the allowed share of the backends is taken out at a time."),
    _resilience.core("RS-10", "A new backend gets its share of the calls little by little."),
    _resilience.core("RS-11", "Not one call fails while pods are replaced under load."),
    _resilience.disruptive(
        "RS-12", "Routes and mutual TLS hold while the control plane is down; changes come after."
    ),
    _resilience.extended(
        "RS-13",
        "A workload answers 429 beyond its allowance, and serves again once that has refilled.",
        "envoy-filter",
    ),
    _resilience.extended(
        "RS-14",
        "Callers share an allowance that one service keeps for all proxies, and get 429 beyond it.",
        "envoy-filter",
        "rate-limit-service",
    ),
)
