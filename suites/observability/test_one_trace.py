"""One page view becomes one trace, whose spans follow the calls between the services."""

import secrets
from functools import partial

import pytest

from meshproof.checks import header, status, title

pytestmark = pytest.mark.behaviour("OB-11", manifests="one-trace.yaml")


HERE = {"host": "traced.example"}

PAGE = status(200) & title("Simple Bookstore App")


def view(outside):
    """View the page once, as a trace of its own: a second view of one trace would give it a second root."""
    trace_id = secrets.token_hex(16)
    sampled = {"x-b3-traceid": trace_id, "x-b3-spanid": secrets.token_hex(8), "x-b3-sampled": "1"}
    return trace_id, outside.get("/productpage", headers={**HERE, **sampled}).once()


def calls_of_page(run):
    calls = [
        (f"gateway-{run.id}", "productpage"),
        ("productpage", "details"),
        ("productpage", "reviews"),
        ("reviews", "ratings"),
    ]
    return {(f"{caller}.{run.namespace}", f"{callee}.{run.namespace}") for caller, callee in calls}


def incomplete(trace, *, calls):
    """Return what keeps the trace from being one tree with all these calls, or None."""
    if trace is None:
        return "no span has arrived"
    lacking = sorted(f"{caller} -> {callee}" for caller, callee in calls - trace.calls)
    if lacking:
        return f"it lacks {', '.join(lacking)}"
    return None if len(trace.roots) == 1 else f"it has {len(trace.roots)} roots"


def test_page_view_is_one_trace_that_follows_the_calls(outside, expect, jaeger, run):
    expect.converged(outside.get("/productpage", headers=HERE), status(200) & header("x-route", "traced"))
    trace_id, _ = expect.eventually(
        partial(view, outside),
        lambda seen: PAGE(seen[1]),
        what="traced /productpage",
        expected=PAGE.description,
    )
    expect.eventually(
        lambda: jaeger.trace(trace_id),
        partial(incomplete, calls=calls_of_page(run)),
        what=f"trace {trace_id}",
        expected="one root, and gateway -> productpage -> details and reviews, reviews -> ratings",
    )
