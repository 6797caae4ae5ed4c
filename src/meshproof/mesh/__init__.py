"""Istio through Helm: installed, known to serve, told about, removed."""
