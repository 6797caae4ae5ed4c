"""The pages that people see."""

from http import HTTPStatus
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.templating import Jinja2Templates

from productpage.catalogue import all_products
from productpage.reader import sign_in, sign_out, signed_in, valid_name
from productpage.shop import Shop
from productpage.view import MOST_STARS, contributions, detail_rows, reviews_of, stars_of

HERE = Path(__file__).parent

templates = Jinja2Templates(directory=HERE / "templates")


async def index(request: Request) -> Response:
    """A small way in."""
    return templates.TemplateResponse(request, "index.html", {"reader": signed_in(request)})


async def productpage(request: Request) -> Response:
    """The page of the shop's book. 200 whatever the services behind it do; the page says what is missing."""
    shop = Shop.of(request)
    product = all_products()[0]
    details, reviews = await shop.page(product.id)
    listed = reviews_of(reviews)
    context = {
        "reader": signed_in(request),
        "product": product,
        "details": details,
        "detail_rows": detail_rows(details),
        "reviews": reviews,
        "review_list": listed,
        "stars": stars_of(listed),
        "most_stars": MOST_STARS,
        "contributions": contributions(shop.settings, details, reviews),
    }
    return templates.TemplateResponse(request, "productpage.html", context)


async def login(request: Request) -> Response:
    """Signs a reader in by name; a form with the field `username`."""
    async with request.form() as form:
        name = str(form.get("username", "")).strip()
    if not valid_name(name):
        raise HTTPException(
            HTTPStatus.BAD_REQUEST, "A name has 1 to 32 letters, digits, dots, dashes or underscores."
        )
    response = RedirectResponse("/productpage", HTTPStatus.SEE_OTHER)
    sign_in(response, name)
    return response


async def logout(_: Request) -> Response:
    """Signs the reader out."""
    response = RedirectResponse("/productpage", HTTPStatus.SEE_OTHER)
    sign_out(response)
    return response


async def health(_: Request) -> Response:
    """For the kubelet: this process answers, whatever the services behind it do."""
    return JSONResponse({"status": "ok"})


routes = [
    Route("/", index),
    Route("/productpage", productpage),
    Route("/login", login, methods=["POST"]),
    Route("/logout", logout),
    Route("/health", health),
    Mount("/static", StaticFiles(directory=HERE / "static"), name="static"),
]
