import asyncio

import httpx2
import pytest


def refuse(request):
    raise httpx2.ConnectError("refused", request=request)


async def never_answer(_):
    await asyncio.Event().wait()


def unavailable(_):
    return httpx2.Response(503, text="upstream connect error")


def nonsense(_):
    return httpx2.Response(200, text="<html>")


FAILURES = [
    pytest.param(refuse, "could not be reached", id="refuses"),
    pytest.param(never_answer, "gave no answer within 0.05 s", id="never-answers"),
    pytest.param(unavailable, "answered 503", id="unavailable"),
    pytest.param(nonsense, "not its json", id="not-json"),
]


@pytest.fixture
def env():
    return {"POD_NAME": "page-pod", "DETAILS_TIMEOUT": "0.05", "REVIEWS_TIMEOUT": "0.05"}


def test_page_has_the_title_of_the_tutorials(shop):
    page = shop.get("/productpage")
    assert page.status_code == 200
    assert "<title>Simple Bookstore App</title>" in page.text


def test_page_shows_every_part(shop):
    page = shop.get("/productpage").text
    assert "The Comedy of Errors" in page
    assert "William Shakespeare" in page
    assert "Twins &amp; doors." in page


def test_page_shows_stars_in_their_colour(shop):
    page = shop.get("/productpage").text
    assert 'class="stars red"' in page
    assert 'aria-label="4 of 5 stars"' in page
    assert page.count("★") == 10


def test_page_without_ratings_shows_no_stars(shop, backends):
    backends.bodies["reviews"] = {"id": "0", "reviews": [{"reviewer": "Reviewer1", "text": "Short."}]}
    page = shop.get("/productpage").text
    assert "★" not in page
    assert 'data-service="ratings"' not in page


@pytest.mark.parametrize(
    ("rating", "stars"),
    [
        pytest.param(None, "none", id="v1"),
        pytest.param({"stars": 5, "color": "black"}, "black", id="v2"),
        pytest.param({"stars": 5, "color": "red"}, "red", id="v3"),
        pytest.param({"error": "down"}, "none", id="ratings-down"),
    ],
)
def test_the_kind_of_stars_can_be_read_by_a_program(shop, backends, rating, stars):
    backends.bodies["reviews"] = {"reviews": [{"reviewer": "R", "text": "Short.", "rating": rating}]}
    assert f'data-part="reviews" data-state="shown" data-stars="{stars}"' in shop.get("/productpage").text


def test_page_states_how_long_it_waits(shop):
    page = shop.get("/productpage").text
    assert "ms of at most 0.05 s" in page
    assert "ms of at most 2 times 0.05 s" in page


def test_page_gives_the_reason_that_a_service_gave(shop, backends):
    reason = {"error": "book service gave no answer within 1.5 s"}
    backends.failures["details"] = lambda _: httpx2.Response(503, json=reason)
    page = shop.get("/productpage").text
    assert "answered 503 Service Unavailable: book service gave no answer within 1.5 s." in page


@pytest.mark.parametrize("error", [httpx2.RemoteProtocolError, httpx2.ReadError, httpx2.WriteError])
def test_a_connection_that_ended_instead_of_a_reply_costs_nothing(shop, backends, error):
    ended = iter([True])

    def ends_once(request):
        if next(ended, False):
            raise error("closed", request=request)
        return httpx2.Response(200, json=backends.bodies["details"])

    backends.failures["details"] = ends_once
    assert "William Shakespeare" in shop.get("/productpage").text
    assert len(backends.asked("details")) == 2


def test_page_says_which_pod_answered_each_part(shop):
    page = shop.get("/productpage").text
    for pod in ("page-pod", "details-pod", "reviews-pod", "ratings-pod"):
        assert f"<code>{pod}</code>" in page


@pytest.mark.parametrize(("failure", "words"), FAILURES)
def test_page_stays_without_details(shop, backends, failure, words):
    backends.failures["details"] = failure
    page = shop.get("/productpage")
    assert page.status_code == 200
    assert "Details are unavailable right now." in page.text
    assert 'data-part="details" data-state="missing"' in page.text
    assert words in page.text.lower()
    assert "Twins &amp; doors." in page.text


@pytest.mark.parametrize(("failure", "words"), FAILURES)
def test_page_stays_without_reviews(shop, backends, failure, words):
    backends.failures["reviews"] = failure
    page = shop.get("/productpage")
    assert page.status_code == 200
    assert "Reviews are unavailable right now." in page.text
    assert 'data-part="reviews" data-state="missing"' in page.text
    assert words in page.text.lower()
    assert "William Shakespeare" in page.text


def test_page_says_that_ratings_is_down(shop, backends):
    problem = {"error": "Ratings service is currently unavailable"}
    backends.bodies["reviews"] = {"reviews": [{"reviewer": "R", "text": "Short.", "rating": problem}]}
    page = shop.get("/productpage").text
    assert "Ratings service is currently unavailable" in page
    assert "did not answer reviews" in page


@pytest.mark.parametrize("body", [{}, {"reviews": None}, {"reviews": ["x"]}, {"reviews": [{"rating": 5}]}])
def test_page_survives_reviews_of_another_shape(shop, backends, body):
    backends.bodies["reviews"] = body
    assert shop.get("/productpage").status_code == 200


def test_reviews_are_asked_twice_and_details_once(shop, backends):
    backends.failures = {"details": unavailable, "reviews": unavailable}
    shop.get("/productpage")
    assert (len(backends.asked("details")), len(backends.asked("reviews"))) == (1, 2)


@pytest.mark.parametrize("path", ["/", "/static/style.css"])
def test_what_surrounds_the_page_is_there(shop, path):
    assert shop.get(path).status_code == 200


def test_page_needs_nothing_from_outside(shop):
    for path in ("/", "/productpage", "/static/style.css"):
        assert "://" not in shop.get(path).text
