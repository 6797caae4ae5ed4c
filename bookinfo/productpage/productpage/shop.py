"""The services behind the page, from the point of view of one request."""

import asyncio
from dataclasses import dataclass
from typing import Self

import httpx2
from starlette.requests import Request

from productpage.reader import HEADER, reader_of
from productpage.services import TRACE_HEADERS, Answer, ask
from productpage.settings import Settings


@dataclass(frozen=True)
class Shop:
    """Asks details, reviews and ratings on behalf of one reader and within one trace."""

    settings: Settings
    client: httpx2.AsyncClient
    headers: dict[str, str]

    @classmethod
    def of(cls, request: Request) -> Self:
        """Takes from a request what its calls must carry on."""
        headers = {name: request.headers[name] for name in TRACE_HEADERS if name in request.headers}
        reader = reader_of(request)
        if reader:
            headers[HEADER] = reader
        request.state.reader = reader
        return cls(request.app.state.settings, request.state.client, headers)

    async def details(self, product_id: int) -> Answer:
        """What is printed on a book."""
        return await ask(self.client, self.settings.details, f"/details/{product_id}", self.headers)

    async def reviews(self, product_id: int) -> Answer:
        """What readers wrote about a book, with stars where this version of reviews shows them."""
        return await ask(self.client, self.settings.reviews, f"/reviews/{product_id}", self.headers)

    async def ratings(self, product_id: int) -> Answer:
        """Stars alone."""
        return await ask(self.client, self.settings.ratings, f"/ratings/{product_id}", self.headers)

    async def page(self, product_id: int) -> tuple[Answer, Answer]:
        """Details and reviews side by side: the page takes as long as the slower of them."""
        return await asyncio.gather(self.details(product_id), self.reviews(product_id))
