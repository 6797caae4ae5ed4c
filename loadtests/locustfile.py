"""Readers of the shop: each looks at the page, signs in, looks again and signs out."""

from locust import HttpUser, between, events, task
from locust.env import Environment
from locust.stats import print_error_report

TITLE = "<title>Simple Bookstore App</title>"


@events.quitting.add_listener
def say_what_failed(environment: Environment, **_: object) -> None:
    """Name the failures: Locust itself says nothing of them once it writes its figures to a file."""
    print_error_report(environment.stats)


class Reader(HttpUser):
    """One reader with a browser's cookies."""

    wait_time = between(0.1, 0.5)

    @task
    def read_reviews(self) -> None:
        """The whole journey through productpage."""
        self.open_page("/productpage")
        self.client.post("/login", {"username": "jason", "passwd": "jason"}, name="/login")
        self.open_page("/productpage (signed in)")
        self.client.get("/logout")

    def open_page(self, name: str) -> None:
        """Open the page; an answer without the shop's title counts as a failure."""
        with self.client.get("/productpage", name=name, catch_response=True) as reply:
            if reply.ok and TITLE not in reply.text:
                reply.failure("the page has no shop title")
