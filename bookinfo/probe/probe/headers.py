"""Headers as both sides show them."""

from collections.abc import Iterable


def joined(headers: Iterable[tuple[str, str]], into: dict[str, str] | None = None) -> dict[str, str]:
    """Return headers by lower-case name; repeated ones are joined with a comma, as HTTP has it.

    Args:
        headers: names and values, in the order of the wire.
        into: holds what came before, and is added to.
    """
    by_name = {} if into is None else into
    for name, value in headers:
        key = name.lower()
        by_name[key] = f"{by_name[key]}, {value}" if key in by_name else value
    return by_name
