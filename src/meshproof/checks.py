"""The checks, as suites import them."""

from meshproof.traffic.checks import (
    Check,
    body_contains,
    closed,
    faster_than,
    grpc_status,
    header,
    refused,
    reset,
    saw_header,
    served_by,
    slower_than,
    status,
    title,
    tls_alert,
)

__all__ = [
    "Check",
    "body_contains",
    "closed",
    "faster_than",
    "grpc_status",
    "header",
    "refused",
    "reset",
    "saw_header",
    "served_by",
    "slower_than",
    "status",
    "title",
    "tls_alert",
]
