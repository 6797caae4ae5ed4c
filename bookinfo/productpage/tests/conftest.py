import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import httpx2
import pytest
from starlette.testclient import TestClient

from productpage.app import create_app
from productpage.settings import Settings

SIGNATURE = {"x-served-by": "{0}-pod", "x-served-workload": "{0}-v1", "x-served-version": "v1"}

DETAILS = {"id": 0, "author": "William Shakespeare", "year": 1595, "ISBN-10": "1234567890"}
REVIEWS = {
    "id": "0",
    "podname": "reviews-pod",
    "reviews": [
        {"reviewer": "Reviewer1", "text": "Twins & doors.", "rating": {"stars": 5, "color": "red"}},
        {"reviewer": "Reviewer2", "text": "Short.", "rating": {"stars": 4, "color": "red"}},
    ],
    "ratings": {"podname": "ratings-pod", "version": "v1"},
}
RATINGS = {"id": 0, "ratings": {"Reviewer1": 5, "Reviewer2": 4}}


@dataclass
class Backends:
    """Stands in for the three services: answers, fails as a test wishes, and remembers what it was asked."""

    bodies: dict[str, object] = field(
        default_factory=lambda: {"details": DETAILS, "reviews": REVIEWS, "ratings": RATINGS}
    )
    failures: dict[str, Callable[[httpx2.Request], httpx2.Response]] = field(default_factory=dict)
    requests: list[httpx2.Request] = field(default_factory=list)

    async def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        name = request.url.host
        if name in self.failures:
            answer = self.failures[name](request)
            return await answer if hasattr(answer, "__await__") else answer
        headers = {key: value.format(name) for key, value in SIGNATURE.items()}
        return httpx2.Response(200, headers=headers, content=json.dumps(self.bodies[name]))

    def asked(self, name: str) -> list[httpx2.Request]:
        return [request for request in self.requests if request.url.host == name]


@pytest.fixture
def backends() -> Backends:
    return Backends()


@pytest.fixture
def env() -> dict[str, str]:
    return {"POD_NAME": "page-pod"}


@pytest.fixture
def shop(backends: Backends, env: dict[str, str]) -> Iterator[TestClient]:
    """A browser in front of the application, which runs in full but for the network behind it."""

    def client() -> httpx2.AsyncClient:
        return httpx2.AsyncClient(transport=httpx2.MockTransport(backends))

    app = create_app(Settings.from_env(env), client)
    with TestClient(app, follow_redirects=False, raise_server_exceptions=False) as browser:
        yield browser
