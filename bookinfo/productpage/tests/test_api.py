import httpx2
import pytest


def test_products_lists_the_book(shop):
    (product,) = shop.get("/api/v1/products").json()
    assert (product["id"], product["title"]) == (0, "The Comedy of Errors")


@pytest.mark.parametrize(
    ("path", "service"),
    [
        ("/api/v1/products/0", "details"),
        ("/api/v1/products/0/reviews", "reviews"),
        ("/api/v1/products/0/ratings", "ratings"),
    ],
)
def test_a_service_s_answer_is_passed_on(shop, backends, path, service):
    reply = shop.get(path)
    assert reply.status_code == 200
    assert reply.json() == backends.bodies[service]
    assert [request.url.host for request in backends.requests] == [service]


def test_a_service_s_status_is_passed_on(shop, backends):
    backends.failures["ratings"] = lambda _: httpx2.Response(500)
    reply = shop.get("/api/v1/products/0/ratings")
    assert (reply.status_code, reply.json()) == (
        500,
        {"error": "ratings: answered 500 Internal Server Error"},
    )


def test_a_service_that_is_not_there_is_503(shop, backends):
    def refuse(request):
        raise httpx2.ConnectError("refused", request=request)

    backends.failures["details"] = refuse
    reply = shop.get("/api/v1/products/0")
    assert (reply.status_code, reply.json()) == (
        503,
        {"error": "details: could not be reached"},
    )


@pytest.mark.parametrize("path", ["/api/v1/products/7", "/api/v1/products/x", "/api/v1/products/0/prices"])
def test_what_does_not_exist_is_404_in_json_and_costs_no_call(shop, backends, path):
    reply = shop.get(path)
    assert reply.status_code == 404
    assert reply.json()["error"]
    assert backends.requests == []
