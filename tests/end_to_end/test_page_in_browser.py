"""The shop's page in a real browser: what it shows whole, and what it says when parts of it are missing.

The page is reached through the demo's own gateway, under a host name of the test's own. So nothing depends on
which node ports a cluster maps to this host, and what the learner has made of the shop in the demo is not in
the way. The browser knows that one name only.
"""

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect, sync_playwright
from reader import SCREENS, Reader
from shops import Shop, once

from meshproof import wait
from meshproof.observe.browser import IMAGE, browser
from meshproof.paths import paths as user_paths
from meshproof.supply.choose import choose
from meshproof.supply.engine import detect
from meshproof.traffic import Budgets

LOOPBACK = "127.0.0.1"
BLACK = "rgb(0, 0, 0)"
# What a name decides is in versions-by-reader.yaml.
READERS = ("nobody", "reviews-v2", "reviews-v3")
CHANGE_SECONDS = 60
# The page takes 6 s when a part does not answer.
PATIENT = replace(Budgets(), call_timeout=15.0)


@dataclass(frozen=True)
class Window:
    """The shop's page: what it lacks, and how to make it lack something.

    Args:
        shop: whose page.
    """

    shop: Shop

    def wait_whole(self) -> None:
        """Wait until the page lacks nothing, whoever reads it."""
        self._wait(lambda: not any(self._lacks_something(reader) for reader in READERS), "the page is whole")

    def wait_lacking(self, reader: str, what: str) -> None:
        """Wait until a reader's page says that a part is missing."""
        self._wait(lambda: self._lacks_something(reader), what)

    @contextmanager
    def without(self, deployment: str, reader: str) -> Iterator[None]:
        """Take all pods of a deployment away for a while; `reader` is one who misses them."""
        self.shop.scale(deployment, 0)
        try:
            self.wait_lacking(reader, f"{reader} misses {deployment}")
            yield
        finally:
            self.shop.scale(deployment, 1)
            self.wait_whole()

    def _lacks_something(self, reader: str) -> bool:
        reply = once(self.shop.outside(PATIENT).get("/productpage", {"end-user": reader}))
        return reply.status != 200 or 'data-state="missing"' in reply.body

    def _wait(self, condition: Callable[[], bool], what: str) -> None:
        look = f"look at its pods: kubectl --namespace {self.shop.namespace} get pods"
        wait.until(condition, CHANGE_SECONDS, what, look)


@pytest.fixture(scope="module")
def shop(demo, helm, namespace) -> Shop:
    """Install a shop in which the reader's name decides what is seen."""
    found = Shop(demo, helm, namespace("browser"))
    found.install()
    found.apply(Path(__file__).with_name("versions-by-reader.yaml"))
    return found


@pytest.fixture(scope="module")
def window(shop) -> Window:
    """Wait until the page is whole, and a name decides what is seen."""
    found = Window(shop)
    found.wait_whole()
    for name in ("reviews-late", "details-refused"):
        found.wait_lacking(name, "a name decides what is seen")
    found.wait_whole()
    return found


@pytest.fixture(scope="module")
def chromium(demo, window) -> Iterator[Browser]:
    """Start the browser; after the shop, since no event loop of Helm starts while a Playwright runs."""
    paths = user_paths()
    engine = detect(paths, demo.made.engine)
    image = choose("auto", paths, demo.made.supply).image(engine, IMAGE)
    with (
        browser(engine, image, demo.made.name, {window.shop.host: LOOPBACK}) as address,
        sync_playwright() as playwright,
    ):
        yield playwright.chromium.connect_over_cdp(address)


@pytest.fixture(scope="session")
def pictures() -> Path:
    """Keep the pictures with the rest of what a call of nox puts out."""
    folder = Path(os.environ.get("MESHPROOF_OUTPUT", "reports")) / "pictures"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(params=SCREENS)
def reader(request, chromium, demo, shop, pictures) -> Iterator[Reader]:
    """Open a window on a desktop, and one on a phone."""
    name = re.sub(r"\W+", "-", request.node.name.removeprefix("test_")).strip("-")
    origin = f"http://{shop.host}:{demo.made.gateway_port}"
    found = Reader.on(chromium, request.param, origin, pictures / name)
    yield found
    found.page.context.close()


@pytest.mark.parametrize(
    ("flaw", "said"),
    [
        pytest.param(
            "addEventListener('DOMContentLoaded', () => { document.body.style.minWidth = '3000px' })",
            "scrolls sideways: 3000 px wide",
            id="too-wide",
        ),
        pytest.param(
            "new Image().src = 'http://elsewhere.example/'", "asks others: .*elsewhere", id="foreign"
        ),
        pytest.param("new Image().src = '/static/no-such.png'", "status of 404", id="missing"),
        pytest.param("setTimeout(() => { throw Error('out of ink') })", "script: out of ink", id="script"),
    ],
)
def test_a_flaw_of_any_page_is_found(reader, flaw, said):
    reader.page.add_init_script(flaw)
    with pytest.raises(AssertionError, match=said):
        reader.open()


def is_red(colour: str) -> bool:
    red, green, blue = (int(number) for number in re.findall(r"\d+", colour)[:3])
    return red > 150 and max(green, blue) < 80


def test_the_whole_page(reader):
    reader.open()
    expect(reader.page.get_by_role("heading", level=1)).to_have_text("The Comedy of Errors")
    expect(reader.part("Details").get_by_role("term").filter(has_text="ISBN-10")).to_be_visible()
    expect(reader.part("Reviews").get_by_role("figure")).to_have_count(2)
    expect(reader.page.get_by_role("status")).to_have_count(0)
    answered = reader.part("Who answered").get_by_role("listitem")
    expect(answered.filter(has_text="reviews-v1-")).to_be_visible()
    for service in ("productpage", "details"):
        expect(answered.filter(has_text=f"{service}-v1-")).to_be_visible()


def test_reviews_v1_shows_no_stars(reader):
    reader.open()
    expect(reader.part("Who answered")).to_contain_text("reviews-v1-")
    assert reader.stars() == {}


def test_reviews_v2_shows_black_stars(reader):
    reader.open()
    reader.sign_in("reviews-v2")
    expect(reader.part("Who answered")).to_contain_text("reviews-v2-")
    stars = reader.stars()
    assert stars["5 of 5 stars"] == [BLACK] * 5
    assert stars["4 of 5 stars"][:4] == [BLACK] * 4
    assert stars["4 of 5 stars"][4:] != [BLACK]


def test_reviews_v3_shows_red_stars(reader):
    reader.open()
    reader.sign_in("reviews-v3")
    expect(reader.part("Who answered")).to_contain_text("reviews-v3-")
    stars = reader.stars()
    assert [is_red(colour) for colour in stars["5 of 5 stars"]] == [True] * 5
    assert [is_red(colour) for colour in stars["4 of 5 stars"]] == [True] * 4 + [False]


def test_a_reader_signs_in_and_out(reader):
    reader.open()
    banner = reader.page.get_by_role("banner")
    expect(banner.get_by_role("button", name="Sign in")).to_be_visible()
    reader.sign_in("jason")
    expect(banner.get_by_text("Signed in as jason")).to_be_visible()
    expect(banner.get_by_role("button", name="Sign in")).to_have_count(0)
    reader.sign_out()
    expect(banner.get_by_role("button", name="Sign in")).to_be_visible()
    assert reader.stars() == {}


def test_without_details_the_reviews_stay(window, reader):
    with window.without("details-v1", "nobody"):
        reader.open()
    expect(reader.part("Details").get_by_role("status")).to_contain_text("Details are unavailable right now.")
    expect(reader.part("Reviews").get_by_role("figure")).to_have_count(2)


def test_without_reviews_the_details_stay(window, reader):
    with window.without("reviews-v1", "nobody"):
        reader.open()
    expect(reader.part("Reviews").get_by_role("status")).to_contain_text("Reviews are unavailable right now.")
    expect(reader.part("Reviews").get_by_role("figure")).to_have_count(0)
    expect(reader.part("Details").get_by_role("term").filter(has_text="ISBN-10")).to_be_visible()


def test_reviews_that_take_too_long_are_not_waited_for(reader):
    reader.open()
    reader.sign_in("reviews-late")
    said = reader.part("Reviews").get_by_role("status")
    expect(said).to_contain_text("Reviews are unavailable right now.")
    expect(said).to_contain_text("gave no answer within 3 s")
    expect(reader.part("Details").get_by_role("term").filter(has_text="ISBN-10")).to_be_visible()


@pytest.mark.parametrize(
    ("name", "why"), [("details-late", "gave no answer within 3 s"), ("details-refused", "answered 503")]
)
def test_details_that_are_late_or_refused_leave_the_reviews(reader, name, why):
    reader.open()
    reader.sign_in(name)
    said = reader.part("Details").get_by_role("status")
    expect(said).to_contain_text("Details are unavailable right now.")
    expect(said).to_contain_text(why)
    expect(reader.part("Reviews").get_by_role("figure")).to_have_count(2)


@pytest.mark.parametrize("name", ["reviews-v2", "reviews-v3"])
def test_without_ratings_the_reviews_stay_and_say_so(window, reader, name):
    with window.without("ratings-v1", name):
        reader.open()
        reader.sign_in(name)
    reviews = reader.part("Reviews")
    expect(reviews.get_by_role("figure")).to_have_count(2)
    expect(reviews.get_by_role("status")).to_have_text([re.compile("unavailable")] * 2)
    assert reader.stars() == {}
    expect(reader.part("Who answered")).to_contain_text(f"{name}-")
