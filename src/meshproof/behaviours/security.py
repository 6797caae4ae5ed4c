"""What the mesh promises about who is who, who may do what, and what nobody can read."""

from meshproof.behaviours.model import Area, Promises

_security = Promises(Area.SECURITY)

SECURITY = (
    _security.core(
        "SE-01", "Under strict mutual TLS a plaintext client is refused and a mesh client is served."
    ),
    _security.core(
        "SE-02", "Until strict mutual TLS is on, plaintext clients are served; then they alone are not."
    ),
    _security.core("SE-03", "A workload's mutual TLS setting outranks its namespace's, and that the mesh's."),
    _security.core("SE-04", "A workload's certificate names its own service account."),
    _security.core("SE-05", "A client refuses a server that runs under another identity than it should."),
    _security.disruptive("SE-06", "Policies written for a former trust domain still hold."),
    _security.core("SE-07", "What meshed pods say to each other cannot be read on the wire."),
    _security.core(
        "SE-08", "Workload certificates are valid, short-lived and renewed without a failed call."
    ),
    _security.disruptive(
        "SE-09", "Workload certificates come from the certificate authority that was given."
    ),
    _security.disruptive("SE-10", "A peer whose certificate was revoked is refused."),
    _security.extended("SE-11", "A client that speaks only an older TLS version is refused.", "ingress"),
    _security.core("SE-12", "A policy that allows nothing refuses every call with 403."),
    _security.core(
        "SE-13", "Callers are let in or refused by who they are, and a refusal outranks a permit."
    ),
    _security.core("SE-14", "Calls are let in or refused by method, path, port and host."),
    _security.core("SE-15", "No spelling of a path slips past a policy."),
    _security.core("SE-16", "Policies hold for plain TCP too, and one about HTTP denies there safely."),
    _security.extended(
        "SE-17",
        "An external authorizer decides, and calls are refused while it is down.",
        "ext-authz",
    ),
    _security.core(
        "SE-18", "A policy on trial or for audit stops nothing, and what it would do can be seen."
    ),
    _security.core(
        "SE-19", "A valid token is let in, a bad one gets 401, none gets 403, and claims can route."
    ),
    _security.core("SE-20", "The kubelet's health probes pass under strict mutual TLS."),
)
