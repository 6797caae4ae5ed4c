"""The checks, as suites import them."""

from meshproof.traffic.checks import (
    Check,
    body_contains,
    faster_than,
    header,
    refused,
    saw_header,
    served_by,
    slower_than,
    status,
    title,
)

__all__ = [
    "Check",
    "body_contains",
    "faster_than",
    "header",
    "refused",
    "saw_header",
    "served_by",
    "slower_than",
    "status",
    "title",
]
