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
    assert words in page.text.lower()
    assert "Twins &amp; doors." in page.text


@pytest.mark.parametrize(("failure", "words"), FAILURES)
def test_page_stays_without_reviews(shop, backends, failure, words):
    backends.failures["reviews"] = failure
    page = shop.get("/productpage")
    assert page.status_code == 200
    assert "Reviews are unavailable right now." in page.text
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
