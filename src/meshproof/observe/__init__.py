"""What the mesh says about the traffic: metrics from Prometheus, traces from Jaeger.

Both answer through the API server's service proxy, so a kubeconfig is all that reading them needs.
"""

NAMESPACE = "meshproof-observability"
"""Where charts/observability is installed, and where the mesh sends its spans."""
