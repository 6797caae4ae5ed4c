"""What the mesh promises to those who extend its proxies."""

from meshproof.behaviours.model import Area, Promises

_extension = Promises(Area.EXTENSIBILITY)

EXTENSIBILITY = (
    _extension.extended(
        "EX-01", "A Wasm module is fetched as its pull policy says, and does its work.", "wasm"
    ),
    _extension.extended(
        "EX-02", "A Wasm module that cannot be loaded stops calls or lets them pass, as told.", "wasm"
    ),
    _extension.extended(
        "EX-03", "Extensions run in the order of the phases that they name.", "traffic-extension"
    ),
    _extension.extended("EX-04", "A patch of the proxy's configuration takes effect.", "envoy-filter"),
    _extension.extended(
        "EX-05", "An extension touches the workloads that it selects, and no other.", "envoy-filter"
    ),
)
