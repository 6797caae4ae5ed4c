"""Who is reading.

Signing in takes a name and no password, so a signed cookie would guard nothing: the session is the name
itself, which also lets any replica, before and after a restart, know its readers.
"""

import re

from starlette.requests import Request
from starlette.responses import Response

COOKIE = "session"
HEADER = "end-user"

# The name travels in a cookie and in a header: only characters that need no quoting in either.
_NAME = re.compile(r"[A-Za-z0-9._-]{1,32}")


def valid_name(name: str) -> bool:
    """Whether a reader may sign in under this name."""
    return _NAME.fullmatch(name) is not None


def signed_in(request: Request) -> str | None:
    """The reader who signed in on this browser; None for a missing or a forged cookie."""
    name = request.cookies.get(COOKIE, "")
    return name if valid_name(name) else None


def reader_of(request: Request) -> str | None:
    """Who reads, for the services behind: the signed-in reader, or else whom the caller's header names."""
    return signed_in(request) or request.headers.get(HEADER)


def sign_in(response: Response, name: str) -> None:
    """Makes the browser remember the reader until it is closed."""
    response.set_cookie(COOKIE, name, httponly=True, samesite="lax")


def sign_out(response: Response) -> None:
    """Makes the browser forget the reader."""
    response.delete_cookie(COOKIE, httponly=True, samesite="lax")
