"""Limits that both sides keep."""

LONGEST_BODY = 1 << 20
"""Bytes of a call's body: a batch with a longer one is refused, and so is a call."""
