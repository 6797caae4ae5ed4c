"""What one sends through the mesh, and what one may expect to come back.

`meshproof.traffic.probe` and `meshproof.traffic.outside` send; they are imported by name, because they bring
their HTTP clients with them.
"""

from meshproof.traffic.budgets import Budgets
from meshproof.traffic.call import Answer, Batch, Call, CannotSend, Sender
from meshproof.traffic.checks import Check
from meshproof.traffic.evidence import DurationEvidence, Evidence, ShareEvidence
from meshproof.traffic.expect import Expect
from meshproof.traffic.misses import (
    AllowanceMissed,
    AttemptsMissed,
    CrowdMissed,
    DurationMissed,
    Missed,
    NotConverged,
    NotKept,
    NotSeen,
    ShareMissed,
)
from meshproof.traffic.protocol import ClientCertificate, Protocol, Tls
from meshproof.traffic.reply import Failure, FailureKind, Handshake, Reply

__all__ = [
    "AllowanceMissed",
    "Answer",
    "AttemptsMissed",
    "Batch",
    "Budgets",
    "Call",
    "CannotSend",
    "Check",
    "ClientCertificate",
    "CrowdMissed",
    "DurationEvidence",
    "DurationMissed",
    "Evidence",
    "Expect",
    "Failure",
    "FailureKind",
    "Handshake",
    "Missed",
    "NotConverged",
    "NotKept",
    "NotSeen",
    "Protocol",
    "Reply",
    "Sender",
    "ShareEvidence",
    "ShareMissed",
    "Tls",
]
