import pytest


def sign_in(shop, name):
    return shop.post("/login", data={"username": name, "passwd": "ignored"})


def test_signing_in_leads_back_to_the_page_and_shows_the_reader(shop):
    reply = sign_in(shop, "jason")
    assert (reply.status_code, reply.headers["location"]) == (303, "/productpage")
    assert "HttpOnly" in reply.headers["set-cookie"]
    assert "Signed in as <strong>jason</strong>" in shop.get("/productpage").text


def test_the_signed_in_reader_travels_to_every_service(shop, backends):
    sign_in(shop, "jason")
    shop.get("/productpage", headers={"end-user": "alice"})
    assert [request.headers["end-user"] for request in backends.requests] == ["jason", "jason"]


def test_a_reader_named_by_the_caller_travels_on(shop, backends):
    shop.get("/api/v1/products/0/reviews", headers={"end-user": "alice"})
    assert backends.requests[0].headers["end-user"] == "alice"


def test_without_a_reader_no_header_is_sent(shop, backends):
    shop.get("/productpage")
    assert all("end-user" not in request.headers for request in backends.requests)


def test_signing_out_forgets_the_reader(shop, backends):
    sign_in(shop, "jason")
    assert shop.get("/logout").status_code == 303
    assert "Sign in" in shop.get("/productpage").text
    assert "end-user" not in backends.requests[-1].headers


@pytest.mark.parametrize("name", ["", "two words", "a" * 33, "evil\r\nx: y", "<b>"])
def test_a_name_that_cannot_be_a_header_is_refused_with_the_rule(shop, name):
    reply = sign_in(shop, name)
    assert reply.status_code == 400
    assert "letters, digits" in reply.text
    assert "set-cookie" not in reply.headers


def test_a_forged_cookie_is_nobody(shop, backends):
    shop.get("/productpage", headers={"cookie": "session=<script>"})
    assert "end-user" not in backends.requests[0].headers
