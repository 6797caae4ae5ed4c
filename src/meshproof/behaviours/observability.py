"""What the mesh promises to tell about the traffic that it carries."""

from meshproof.behaviours.model import Area, Promises

_sight = Promises(Area.OBSERVABILITY)

OBSERVABILITY = (
    _sight.extended(
        "OB-01", "Both ends of a call count it, with labels that say who called whom.", "prometheus"
    ),
    _sight.extended("OB-02", "The mesh counts exactly as many calls as the client made.", "prometheus"),
    _sight.extended(
        "OB-03", "The recorded durations agree with those that the client measured.", "prometheus"
    ),
    _sight.extended("OB-04", "The metrics say which calls went over mutual TLS.", "prometheus"),
    _sight.extended("OB-05", "TCP connections, bytes and gRPC messages are counted.", "prometheus"),
    _sight.extended(
        "OB-06",
        "Labels of a metric can be added and removed, and a metric switched off.",
        "prometheus",
        "istio-proxy",
    ),
    _sight.extended(
        "OB-07",
        "An ambient mesh tells of connections, and of HTTP calls where a waypoint is.",
        "prometheus",
        "ambient",
    ),
    _sight.extended(
        "OB-08",
        "One scrape tells the application's metrics and the proxy's, and the plain port is shut.",
        "metrics-merge",
    ),
    _sight.core("OB-09", "Each call leaves one line in the access log, unless a filter leaves it out."),
    _sight.extended("OB-10", "Access log lines reach the OpenTelemetry collector.", "otel-access-log"),
    _sight.extended(
        "OB-11",
        "One page view becomes one trace, whose spans follow the calls between the services.",
        "ingress",
        "tracing",
    ),
    _sight.extended("OB-12", "The share of traced calls is the one that was asked for.", "tracing"),
    _sight.extended(
        "OB-13", "Spans with their custom tags reach each kind of tracing backend.", "tracing", "otel-tracing"
    ),
    _sight.extended("OB-14", "Every panel of the dashboards shows data under load.", "grafana", "prometheus"),
    _sight.extended(
        "OB-15", "The dashboards show the figures that the load generator measured.", "grafana", "prometheus"
    ),
    _sight.extended(
        "OB-16", "The service graph shows who calls whom, and over mutual TLS.", "kiali", "prometheus"
    ),
    _sight.extended(
        "OB-17", "The console finds planted faults by their code, and none in a clean mesh.", "kiali"
    ),
)
