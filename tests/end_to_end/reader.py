"""Someone who looks at the shop in a browser, and what must hold of a page whatever it shows."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Locator, Page

SCREENS = {
    "desktop": {"viewport": {"width": 1280, "height": 800}},
    "phone": {
        "viewport": {"width": 390, "height": 844},
        "device_scale_factor": 2,
        "is_mobile": True,
        "has_touch": True,
    },
}
# The colour of each star of an element, as it is drawn.
COLOURS = """element => {
    const found = [];
    const texts = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
    while (texts.nextNode())
        for (const glyph of texts.currentNode.data)
            if (glyph === "★") found.push(getComputedStyle(texts.currentNode.parentElement).color);
    return found;
}"""
WIDTHS = "() => [document.scrollingElement.scrollWidth, document.scrollingElement.clientWidth]"


@dataclass
class Reader:
    """A browser's window on the shop.

    Args:
        page: the window.
        origin: of the shop, `http://<host>:<port>`.
        pictures: path of the pictures that are taken, without number and ending.
    """

    page: Page
    origin: str
    pictures: Path
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    looks: int = 0

    @classmethod
    def on(cls, browser: Browser, screen: str, origin: str, pictures: Path) -> "Reader":
        """Open a window of its own, without cookies."""
        page = browser.new_context(**SCREENS[screen]).new_page()
        reader = cls(page, origin, pictures)
        page.on("request", lambda request: reader.requests.append(request.url))
        page.on(
            "requestfailed", lambda request: reader.complaints.append(f"{request.url}: {request.failure}")
        )
        page.on("console", lambda said: reader.complaints.append(f"console {said.type}: {said.text}"))
        page.on("pageerror", lambda error: reader.complaints.append(f"script: {error}"))
        return reader

    def open(self) -> None:
        """Open the shop's page."""
        reply = self.page.goto(f"{self.origin}/productpage")
        assert reply is not None, "the browser went nowhere"
        assert reply.status == 200, f"status {reply.status}"
        self.look()

    def sign_in(self, name: str) -> None:
        """Sign in with the page's own form."""
        self.page.get_by_label("Name").fill(name)
        with self.page.expect_navigation():
            self.page.get_by_role("button", name="Sign in").click()
        self.look()

    def sign_out(self) -> None:
        """Sign out with the page's own link."""
        with self.page.expect_navigation():
            self.page.get_by_role("link", name="Sign out").click()
        self.look()

    def look(self) -> None:
        """Take a picture of the whole page, and check what must hold of any page."""
        self.looks += 1
        self.page.screenshot(path=f"{self.pictures}-{self.looks}.png", full_page=True)
        title = self.page.title()
        assert title == "Simple Bookstore App", f"the title is {title!r}"
        content, room = self.page.evaluate(WIDTHS)
        # The room that a page without a viewport of its own would like to have is wider than a phone.
        room = min(room, self.page.viewport_size["width"])
        assert content <= room, f"the page scrolls sideways: {content} px wide on {room} px"
        assert not self.foreign(), f"the page asks others: {self.foreign()}"
        assert not self.complaints, f"the page does not work: {self.complaints}"

    def foreign(self) -> list[str]:
        """Return what was asked of anyone but the shop; `data:` is in the page itself."""
        asked = [urlsplit(url) for url in self.requests]
        return [u.geturl() for u in asked if u.scheme != "data" and f"{u.scheme}://{u.netloc}" != self.origin]

    def part(self, heading: str) -> Locator:
        """Return the part of the page that has this heading."""
        return self.page.locator("section").filter(
            has=self.page.get_by_role("heading", name=heading, exact=True)
        )

    def stars(self) -> dict[str, list[str]]:
        """Return the stars of each review, by what a screen reader says of them: the colour of each."""
        images = self.page.get_by_role("img", name=re.compile(r"^\d of 5 stars$")).all()
        return {image.get_attribute("aria-label"): image.evaluate(COLOURS) for image in images}
