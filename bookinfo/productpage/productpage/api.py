"""The JSON API under /api/v1/products."""

from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from productpage.catalogue import Product, all_products, find
from productpage.services import Answer
from productpage.shop import Shop


async def products(_: Request) -> JSONResponse:
    """Every book of the shop."""
    return JSONResponse([product.as_json() for product in all_products()])


async def details(request: Request) -> JSONResponse:
    """What details says about a book."""
    return _passed_on(await Shop.of(request).details(_product(request).id))


async def reviews(request: Request) -> JSONResponse:
    """What reviews says about a book."""
    return _passed_on(await Shop.of(request).reviews(_product(request).id))


async def ratings(request: Request) -> JSONResponse:
    """What ratings says about a book."""
    return _passed_on(await Shop.of(request).ratings(_product(request).id))


routes = [
    Route("/", products),
    Route("/{product_id:int}", details),
    Route("/{product_id:int}/reviews", reviews),
    Route("/{product_id:int}/ratings", ratings),
]


def _product(request: Request) -> Product:
    product_id = request.path_params["product_id"]
    product = find(product_id)
    if product is None:
        raise HTTPException(HTTPStatus.NOT_FOUND, f"no product {product_id}")
    return product


def _passed_on(answer: Answer) -> JSONResponse:
    """The service's own status and data; 503 where it gave neither."""
    if answer.data is not None:
        return JSONResponse(answer.data)
    status = answer.status if answer.status and answer.status >= HTTPStatus.BAD_REQUEST else None
    return JSONResponse(
        {"error": f"{answer.service}: {answer.problem}"}, status or HTTPStatus.SERVICE_UNAVAILABLE
    )
