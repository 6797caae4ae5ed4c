"""What routing promises: which backend answers which call, and what becomes of the call on its way."""

from meshproof.behaviours.model import Area, Promises

_traffic = Promises(Area.TRAFFIC)

TRAFFIC = (
    _traffic.core("TM-01", "A route to a subset sends every call to that version of reviews."),
    _traffic.core("TM-02", "The end-user header decides which version of reviews a reader sees."),
    _traffic.core(
        "TM-03", "A route takes the paths that it names, exactly, by prefix or pattern, and no more."
    ),
    _traffic.core("TM-04", "A query parameter decides which backend answers."),
    _traffic.core("TM-05", "The HTTP method decides which backend answers."),
    _traffic.core("TM-06", "Weights decide what share of the calls each version of reviews gets."),
    _traffic.core("TM-07", "Weights decide what share of the TCP connections each backend gets."),
    _traffic.extended(
        "TM-08", "gRPC calls are routed by their method, by a header and by weight.", "gateway-api"
    ),
    _traffic.core("TM-09", "Headers are added, set and removed on the way there and on the way back."),
    _traffic.core("TM-10", "The backend sees the rewritten path and host name."),
    _traffic.core(
        "TM-11", "A redirect carries exactly the status, scheme, port and path that were asked for."
    ),
    _traffic.core("TM-12", "Mirrored calls reach the shadow backend, and the client never notices."),
    _traffic.core("TM-13", "Browsers of an allowed origin may call, and those of any other may not."),
    _traffic.core("TM-14", "The first rule that matches decides; what matches none goes to the last."),
    _traffic.core("TM-15", "Calls with the same key stay with one backend."),
    _traffic.core("TM-16", "Calls stay in their own zone, and leave it when it has no backend left."),
    _traffic.core("TM-17", "A workload that is not let see a host can neither find nor reach it."),
    _traffic.extended(
        "TM-18", "A host that only the mesh knows can be looked up by name and reached.", "dns-proxy"
    ),
    _traffic.core("TM-19", "A port's protocol is recognised, also where the server speaks first."),
    _traffic.extended(
        "TM-20",
        "A service's own route holds for all its clients, a client's route for its namespace.",
        "gateway-api",
    ),
)
