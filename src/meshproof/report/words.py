"""Figures as people say them."""

from typing import Final

_SECONDS_WITH_TENTHS: Final = 10
_MINUTE: Final = 60


def duration(seconds: float) -> str:
    """Write seconds as people say them.

    >>> duration(0.0834), duration(4.25), duration(95)
    ('83 ms', '4.2 s', '1 min 35 s')
    """
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < _SECONDS_WITH_TENTHS:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    return f"{whole} s" if whole < _MINUTE else f"{whole // _MINUTE} min {whole % _MINUTE} s"


def percent(share: float) -> str:
    """Write a share in per cent, to a tenth.

    >>> percent(0.8), percent(0.12345)
    ('80.0 %', '12.3 %')
    """
    return f"{share * 100:.1f} %"


def kind(word: str) -> str:
    """Write a verdict, a result or a conclusion as a CSS class.

    >>> kind("not offered")
    'not-offered'
    """
    return word.replace(" ", "-")
