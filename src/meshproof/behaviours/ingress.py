"""What a gateway promises to those who call from outside the mesh."""

from meshproof.behaviours.model import Area, Promises

_edge = Promises(Area.INGRESS)

INGRESS = (
    _edge.extended(
        "IN-01", "The gateway routes the host that it was told to, and answers 404 for any other.", "ingress"
    ),
    _edge.extended(
        "IN-02", "A gateway made through the Gateway API says that it is ready, and serves.", "gateway-api"
    ),
    _edge.extended("IN-03", "The gateway shows each host name's own certificate.", "ingress"),
    _edge.extended(
        "IN-04", "A client without a certificate is turned away where one is required.", "ingress"
    ),
    _edge.extended("IN-05", "A renewed certificate is served without a restart or a failed call.", "ingress"),
    _edge.extended("IN-06", "A broken certificate takes down its own host and no other.", "ingress"),
    _edge.extended("IN-07", "Encrypted connections can be passed through to a backend unopened.", "ingress"),
    _edge.extended("IN-08", "The application and the policies see the real client's address.", "ingress"),
    _edge.extended(
        "IN-09", "A route into a foreign namespace works only once that namespace grants it.", "gateway-api"
    ),
    _edge.extended(
        "IN-10",
        "The gateway encrypts towards a backend, and refuses one with the wrong certificate.",
        "gateway-api",
        "backend-tls-policy",
    ),
    _edge.extended(
        "IN-11", "gRPC, WebSocket and HTTP/3 are spoken through the gateway end to end.", "ingress"
    ),
)
