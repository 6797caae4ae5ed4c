"""What the mesh promises while it is installed, upgraded, rolled back and removed."""

from meshproof.behaviours.model import Area, Promises

_lifecycle = Promises(Area.LIFECYCLE)

LIFECYCLE = (
    _lifecycle.disruptive(
        "UP-01", "Every chart installs and gets ready, with all its definitions and images."
    ),
    _lifecycle.disruptive("UP-02", "Configuration and traffic survive an upgrade in place."),
    _lifecycle.disruptive("UP-03", "Workloads move to a new revision, and the old one is left without any."),
    _lifecycle.disruptive(
        "UP-04", "Load that never stops sees no more failed calls than an upgrade may cost."
    ),
    _lifecycle.disruptive("UP-05", "Proxies one and two versions behind keep every promise."),
    _lifecycle.disruptive("UP-06", "A rollback brings the former behaviour back."),
    _lifecycle.disruptive(
        "UP-07", "Workloads move from sidecars to ambient without a failed call.", "ambient"
    ),
    _lifecycle.disruptive("UP-08", "Removing the mesh leaves nothing of it behind."),
)
