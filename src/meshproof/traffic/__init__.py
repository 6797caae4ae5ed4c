"""What one sends through the mesh, and what one may expect to come back.

`meshproof.traffic.probe` and `meshproof.traffic.outside` send; they are imported by name, because they bring
their HTTP clients with them.
"""

from meshproof.traffic.budgets import Budgets
from meshproof.traffic.call import Answer, Batch, Call, Sender
from meshproof.traffic.checks import Check
from meshproof.traffic.evidence import Evidence, ShareEvidence
from meshproof.traffic.expect import Expect
from meshproof.traffic.misses import Missed, NotConverged, NotSeen, ShareMissed
from meshproof.traffic.reply import Failure, FailureKind, Reply

__all__ = [
    "Answer",
    "Batch",
    "Budgets",
    "Call",
    "Check",
    "Evidence",
    "Expect",
    "Failure",
    "FailureKind",
    "Missed",
    "NotConverged",
    "NotSeen",
    "Reply",
    "Sender",
    "ShareEvidence",
    "ShareMissed",
]
