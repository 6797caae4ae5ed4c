"""What the mesh promises about calls that leave it."""

from meshproof.behaviours.model import Area, Promises

_exit = Promises(Area.EGRESS)

EGRESS = (
    _exit.extended(
        "EG-01", "Where every destination is allowed, an unknown one is reached and counted.", "prometheus"
    ),
    _exit.extended(
        "EG-02", "Where only known destinations are allowed, any other is refused and counted.", "prometheus"
    ),
    _exit.core("EG-03", "Declaring an outside service opens exactly its host and port."),
    _exit.extended(
        "EG-04",
        "Calls to an outside service leave through the egress gateway.",
        "egress-gateway",
        "prometheus",
    ),
    _exit.extended(
        "EG-05", "The mesh encrypts on the application's behalf, with its certificate.", "egress-gateway"
    ),
    _exit.core("EG-06", "A wildcard opens the hosts that it matches, and no other."),
    _exit.extended(
        "EG-07", "Who goes around the egress gateway is stopped.", "egress-gateway", "network-policy"
    ),
    _exit.extended("EG-08", "Calls can be tunnelled through an HTTP proxy.", "egress-gateway"),
)
