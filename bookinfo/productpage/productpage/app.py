"""Puts the application together."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import TypedDict

import httpx2
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp

from productpage import api, pages
from productpage.middleware import LogRequests, SignReplies
from productpage.reader import signed_in
from productpage.services import new_client
from productpage.settings import Settings

API = "/api/v1/products"


class State(TypedDict):
    """What lives as long as the process."""

    client: httpx2.AsyncClient


def create_app(settings: Settings, client: Callable[[], httpx2.AsyncClient] = new_client) -> ASGIApp:
    """Builds the application; tests pass a client that answers without a network."""

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[State]:
        async with client() as opened:
            yield State(client=opened)

    app = Starlette(
        routes=[*pages.routes, Route(API, api.products), Mount(API, routes=api.routes)],
        exception_handlers={HTTPException: on_http_error, Exception: on_unexpected_error},
        lifespan=lifespan,
    )
    app.state.settings = settings
    return SignReplies(LogRequests(app), settings.served_by)


async def on_http_error(request: Request, error: Exception) -> Response:
    """Says what is wrong with a request: JSON to programs, a page to people."""
    if not isinstance(error, HTTPException):
        raise error
    return _error(request, error.status_code, error.detail)


async def on_unexpected_error(request: Request, _: Exception) -> Response:
    """Says that this is our fault, without internals; Starlette raises the error again for the log."""
    return _error(request, HTTPStatus.INTERNAL_SERVER_ERROR, "Something went wrong here.")


def _error(request: Request, status: int, message: str) -> Response:
    if request.url.path.startswith("/api/"):
        return JSONResponse({"error": message}, status)
    context = {"reader": signed_in(request), "status": status, "message": message}
    return pages.templates.TemplateResponse(request, "message.html", context, status)
