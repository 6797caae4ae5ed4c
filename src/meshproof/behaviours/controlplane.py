"""What the control plane promises: injection, validation, and that every proxy gets what it is told."""

from meshproof.behaviours.model import Area, Promises

_plane = Promises(Area.CONTROL_PLANE)

CONTROL_PLANE = (
    _plane.core("CP-01", "A pod in a labelled namespace gets a sidecar, and one that opts out does not."),
    _plane.core("CP-02", "An object that makes no sense is refused when it is applied, and told why."),
    _plane.core("CP-03", "Istio's analyzer finds the fault in a bad file, and none in a clean cluster."),
    _plane.core("CP-04", "Every proxy has the newest configuration, and none has refused any."),
    _plane.core("CP-05", "A change of configuration reaches every proxy that it concerns within a bound."),
    _plane.disruptive("CP-06", "A control plane sees only the namespaces that it was told to look after."),
    _plane.disruptive(
        "CP-07",
        "The node agent repairs a pod that it missed, and leaves an excluded namespace alone.",
        "istio-cni",
    ),
    _plane.disruptive(
        "CP-08",
        "Calls go over to another cluster when their own has no endpoint left, unless kept local.",
        "multi-cluster",
    ),
    _plane.extended(
        "CP-09",
        "Pods join an ambient mesh without a restart; HTTP policies hold once a waypoint is there.",
        "ambient",
    ),
)
