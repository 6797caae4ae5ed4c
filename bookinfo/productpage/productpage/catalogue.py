"""The shop's books. One, as in the tutorials."""

from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Product:
    """A book, as far as the shop itself knows it."""

    id: int
    title: str
    description: str

    def as_json(self) -> dict[str, int | str]:
        """The book as the API shows it."""
        return asdict(self)


_PRODUCTS = (
    Product(
        0,
        "The Comedy of Errors",
        "Two pairs of twins, parted as infants in a shipwreck, come to be in the same town on the same day, "
        "and no one can tell who is who. Shakespeare's shortest play is a farce of locked doors, borrowed "
        "names and a gold chain that keeps reaching the wrong man.",
    ),
)


def all_products() -> tuple[Product, ...]:
    """Every book of the shop."""
    return _PRODUCTS


def find(product_id: int) -> Product | None:
    """One book, or None for a number that the shop does not know."""
    return next((product for product in _PRODUCTS if product.id == product_id), None)
