"""What the shop promises when a mesh carries it."""

from meshproof.behaviours.model import Area, Promises

_shop = Promises(Area.BOOKINFO)

BOOKINFO = (
    # Core although it needs a way in: a mesh whose shop cannot be reached has shown nothing yet.
    _shop.core("BI-01", "The shop's page is served from inside the mesh and through the gateway.", "ingress"),
)
