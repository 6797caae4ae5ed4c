"""Every version of every service does what the tutorials say of it, seen through the gateway."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from shops import ON, Shop, once

from meshproof.checks import body_contains, status
from meshproof.traffic import Batch, Budgets, Call, Check, Expect
from meshproof.traffic.distribution import p_value

FOLDER = Path(__file__).parent
VERSIONS = {
    "ratings": {"versions": dict.fromkeys(("v2", "v-faulty", "v-delayed", "v-unavailable"), ON)},
    "details": {"versions": {"v2": {**ON, "env": {"BOOK_SERVICE_URL": "http://books:8000/volumes"}}}},
}
PHASE = 60
PHASE_TOLERANCE = 5
ON_PURPOSE = "out of service every other minute, on purpose"
RATINGS = "/api/v1/products/0/ratings"
# A slow answer is one of the things that are looked for.
PATIENT = replace(Budgets(), call_timeout=15.0)


@dataclass
class Watch:
    """Asks ratings v-unavailable again and again, and keeps when it came or went.

    Only what it says itself counts: that it is well, or that it refuses on purpose. A connection that broke
    on a busy machine is neither, nor is a refusal of somebody else on the way.
    """

    call: Call
    changes: list[tuple[float, bool]] = field(default_factory=list)

    EVERY_SECONDS = 0.25

    def until(self, stop: threading.Event, changes: int) -> None:
        """Ask until it has come or gone so many times, or the time is up."""
        while len(self.changes) <= changes and not stop.wait(self.EVERY_SECONDS):
            reply = once(self.call)
            well = reply.status == 200
            if (well or ON_PURPOSE in reply.body) and (not self.changes or self.changes[-1][1] != well):
                self.changes.append((time.monotonic(), well))


@pytest.fixture(scope="module")
def shop(demo, helm, namespace) -> Shop:
    found = Shop(demo, helm, namespace("versions"))
    found.apply(FOLDER / "book-service.yaml")
    found.install(services=VERSIONS, database=ON)
    found.apply(FOLDER / "versions-by-reader.yaml")
    return found


@pytest.fixture(scope="module")
def reader(shop) -> Callable[[str, str], Call]:
    """Make the call of a reader whose name says which versions answer."""
    outside = shop.outside(PATIENT)
    return lambda name, path="/productpage": outside.get(path, {"end-user": name})


@pytest.fixture(scope="module")
def unavailable_watched(reader, shop, settled) -> Iterator[Callable[[], Watch]]:  # noqa: ARG001 - once routes are there
    """Watch ratings v-unavailable while the other tests run: its phases take a minute each."""
    watch = Watch(reader("ratings-v-unavailable", RATINGS))
    stop = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(watch.until, stop, 2)

        def watched() -> Watch:
            done.result(timeout=3 * PHASE)
            return watch

        yield watched
        stop.set()


@pytest.fixture(scope="module")
def settled(reader) -> None:
    """Wait until the routes have arrived at the proxies."""
    expect = Expect(PATIENT)
    expect.converged(reader("reviews-v3 ratings-v2"), answered("reviews-v3", "ratings-v2"))
    expect.converged(reader("details-v2"), answered("details-v2"))


@pytest.fixture(autouse=True)
def _everything_is_there(unavailable_watched) -> None:
    """Whatever is tested, the slow watch has begun."""


@pytest.fixture
def expect() -> Expect:
    return Expect(PATIENT)


def answered(*workloads: str) -> Check:
    """The page names a pod of each workload among those that answered."""
    check = status(200)
    for workload in workloads:
        check &= body_contains(f"<code>{workload}-")
    return check


def stars(colour: str, number: int) -> Check:
    """The page shows so many stars of a colour in one review."""
    return body_contains(f'class="stars {colour}" role="img" aria-label="{number} of 5 stars"')


def without(text: str) -> Check:
    """The page does not show a text."""
    return Check(f"without {text!r}", lambda reply: f"there is {text!r}" if text in reply.body else None)


def test_reviews_v1_shows_no_stars(reader, expect):
    page = answered("productpage-v1", "details-v1", "reviews-v1") & without('class="stars')
    expect.converged(reader("reviews-v1"), page & body_contains("<blockquote>"))


@pytest.mark.parametrize(("version", "colour"), [("v2", "black"), ("v3", "red")])
def test_reviews_v2_and_v3_show_stars_of_their_colour(reader, expect, version, colour):
    page = answered(f"reviews-{version}", "ratings-v1") & stars(colour, 5) & stars(colour, 4)
    expect.converged(reader(f"reviews-{version}"), page)


def test_ratings_v1_knows_its_stars_by_heart(reader):
    assert json.loads(once(reader("ratings-v1", RATINGS)).body) == {
        "id": 0,
        "ratings": {"Reviewer1": 5, "Reviewer2": 4},
    }


@pytest.fixture
def first_rows(shop) -> None:
    shop.sql("REPLACE INTO test.ratings VALUES (1, 5), (2, 4)")


@pytest.mark.usefixtures("first_rows")
def test_ratings_v2_shows_what_is_in_the_database(reader, expect, shop):
    page = reader("reviews-v3 ratings-v2")
    whole = answered("reviews-v3", "ratings-v2") & stars("red", 5)
    expect.converged(page, whole & stars("red", 4))
    shop.sql("UPDATE test.ratings SET Rating = 1 WHERE ReviewID = 2")
    expect.converged(page, whole & stars("red", 1))
    # Whoever does not ask the database does not see the change.
    expect.converged(reader("reviews-v3"), answered("reviews-v3", "ratings-v1") & stars("red", 4))


@pytest.mark.usefixtures("first_rows")
def test_the_seed_brings_back_what_is_missing_and_keeps_what_was_changed(shop):
    shop.sql(
        "UPDATE test.ratings SET Rating = 2 WHERE ReviewID = 1; DELETE FROM test.ratings WHERE ReviewID = 2"
    )
    shop.install(services=VERSIONS, database=ON)
    assert shop.sql("SELECT * FROM test.ratings ORDER BY ReviewID").split() == ["1", "2", "2", "4"]


def test_ratings_v_faulty_refuses_half_of_the_calls(reader):
    # 600 or 1,300 calls: they come from outside, where each costs more than between two probes.
    expect = Expect(replace(PATIENT, points=0.1))
    half = {"200": 0.5, "503": 0.5}
    expect.share(reader("ratings-v-faulty", RATINGS), half, by=lambda reply: str(reply.status))


def test_a_page_without_ratings_says_so_and_stays_up(reader, expect):
    page = answered("reviews-v3") & body_contains("Ratings service is currently unavailable")
    expect.converged(reader("reviews-v3 ratings-v-faulty"), page, in_a_row=1)


def test_ratings_v_delayed_takes_7_s_for_half_of_the_calls(shop, reader):
    count, alpha = 200, 1e-4
    probe = shop.install_probe()
    call = probe.get("http://ratings:9080/ratings/0", headers={"end-user": "ratings-v-delayed"})
    answer = probe.send(replace(call, timeout=15), Batch(count, count, 60.0, body_limit=0))
    assert {reply.status for reply in answer.replies} == {200}
    slow = [reply.seconds for reply in answer.replies if reply.seconds >= 7]
    quick = [reply.seconds for reply in answer.replies if reply.seconds < 3.5]
    assert len(slow) + len(quick) == count
    assert p_value(len(slow), count, 0.5) > alpha, f"{len(slow)} of {count} were slow"

    # The page waits 3 s for ratings: about half of its answers are that they did not come.
    outside = reader("ratings-v-delayed", RATINGS)
    replies = outside.sender.send(outside, Batch(40, 40, 60.0)).replies
    late = [reply for reply in replies if reply.status == 503]
    assert all("ratings: gave no answer within 3 s" in reply.body for reply in late)
    assert p_value(len(late), len(replies), 0.5) > alpha, f"{len(late)} of {len(replies)} were late"


def test_details_v1_knows_its_book_by_heart(reader, expect):
    expect.converged(reader("details-v1"), answered("details-v1") & body_contains("PublisherA"))


def test_details_v2_asks_the_book_service_outside(reader, expect):
    page = answered("details-v2") & body_contains("House of the Outside") & body_contains("9780486424613")
    expect.converged(reader("details-v2"), page)


def test_without_the_book_service_the_page_says_so_and_recovers(shop, reader, expect):
    whole = answered("details-v2") & body_contains("House of the Outside")
    shop.scale("books", 0)
    try:
        lacking = answered("details-v2", "reviews-v1") & body_contains("Details are unavailable")
        expect.converged(reader("details-v2"), lacking)
        assert json.loads(once(reader("details-v2", "/api/v1/products/0")).body)["error"]
    finally:
        shop.scale("books", 1)
    expect.converged(reader("details-v2"), whole)


def test_ratings_v_unavailable_comes_and_goes_every_60_s(unavailable_watched):
    _, (changed, _), (again, _) = unavailable_watched().changes
    assert abs(again - changed - PHASE) < PHASE_TOLERANCE
