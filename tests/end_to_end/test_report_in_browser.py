"""The report in a real browser: it asks for nothing, breaks nothing and fits, in the dark and on a phone."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect, sync_playwright
from reader import SCREENS, WIDTHS

from meshproof.behaviours import CATALOGUE
from meshproof.observe.browser import IMAGE, browser
from meshproof.paths import paths as user_paths
from meshproof.report import write_report
from meshproof.results import (
    DurationFound,
    EndRecord,
    PlannedTest,
    PlanRecord,
    Propagation,
    ResultsWriter,
    RunRecord,
    ShareFound,
    TestRecord,
    Verdict,
)
from meshproof.supply.choose import choose
from meshproof.supply.engine import detect

HOST = "report.example"
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
FIGURES = {
    "propagation": Propagation(pushed=0.2, acknowledged=0.4, answered=0.6, proxies=3),
    "shares": (
        ShareFound(
            name="reviews-v1",
            expected=0.8,
            count=3360,
            n=4205,
            whole=4205,
            least=3262,
            most=3463,
            p_value=0.9,
            alpha=1e-4,
            beta=1e-3,
            points=0.05,
        ),
    ),
    "durations": (
        DurationFound(call="GET /reviews/0", floor=0.01, least=2.0, most=2.5, shortest=2.1, longest=2.2),
    ),
}
FAILED = {
    "reason": f"not converged within 30 s: {'a-long-name-without-any-break' * 8}",
    "hint": "no route of reviews matches end-user in probe-a's proxy",
    "evidence": f"call      probe-a -> GET http://reviews:9080/{'x' * 300}\nseen      141x reviews-v1",
    "diagnostics": "diagnostics/TM-02-1",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """The output folder of a run with every verdict and every figure, and its report."""
    output = tmp_path_factory.mktemp("report")
    (output / "diagnostics" / "TM-02-1").mkdir(parents=True)
    (output / "diagnostics" / "TM-02-1" / "routes.json").write_text("{}")
    found = {
        "TM-01": (Verdict.PASSED, FIGURES),
        "TM-02": (Verdict.FAILED, FAILED),
        "SE-01": (Verdict.ERROR, {"reason": "the API server does not answer"}),
        "OB-11": (Verdict.NOT_OFFERED, {"reason": "tracing: no Jaeger answers"}),
    }
    with ResultsWriter(output / "results.jsonl") as writer:
        writer.write(RunRecord(run="r1", meshproof="0.1.0", started=NOON))
        tests = [PlannedTest(behaviour=id_, test=f"test.py::{id_}") for id_ in (*found, "RS-01")]
        writer.write(PlanRecord(tests=tuple(tests)))
        for number, (id_, (verdict, details)) in enumerate(found.items()):
            writer.write(
                TestRecord(
                    behaviour=id_,
                    test=f"test.py::{id_}",
                    verdict=verdict,
                    seconds=number + 0.5,
                    started=NOON + timedelta(seconds=number),
                    **details,
                )
            )
        writer.write(EndRecord(ended=NOON + timedelta(minutes=1), interrupted="Ctrl-C"))
    write_report(output)
    return output


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def chromium() -> Iterator:
    """Start the browser; it knows this machine by one name, and nothing else."""
    engine = detect(user_paths())
    image = choose("auto", user_paths()).image(engine, IMAGE)
    with browser(engine, image, "report", {HOST: "127.0.0.1"}) as address, sync_playwright() as playwright:
        yield playwright.chromium.connect_over_cdp(address)


@pytest.fixture(params=SCREENS)
def window(request, chromium, folder) -> Iterator[tuple[Page, list[str]]]:
    """The page in a window of each size, and what it complained of or asked for besides itself."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    context = chromium.new_context(**SCREENS[request.param])
    page, noticed = context.new_page(), []
    address = f"http://{HOST}:{server.server_port}/report/index.html"
    page.on("console", lambda said: noticed.append(said.text))
    page.on("pageerror", lambda error: noticed.append(str(error)))
    page.on("request", lambda asked: noticed.append(asked.url) if asked.url != address else None)
    page.goto(address)
    yield page, noticed
    context.close()
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_fits_and_asks_for_nothing(window, scheme):
    page, noticed = window
    page.emulate_media(color_scheme=scheme)
    content, room = page.evaluate(WIDTHS)
    assert content <= min(room, page.viewport_size["width"])
    assert noticed == []
    paper = page.evaluate("() => getComputedStyle(document.body).backgroundColor")
    assert (paper == "rgb(16, 21, 28)") is (scheme == "dark")


def test_every_drawing_is_drawn_and_every_text_in_it_is_seen(window):
    page, _ = window
    for drawing in page.locator("svg.chart").all():
        box = drawing.bounding_box()
        assert box["height"] > 50
        outside = drawing.evaluate(
            """svg => [...svg.querySelectorAll('text')].filter(text => {
                const own = text.getBoundingClientRect(), all = svg.getBoundingClientRect();
                return own.left < all.left - 1 || own.right > all.right + 1 || own.bottom > all.bottom + 1;
            }).map(text => text.textContent)"""
        )
        assert outside == []
    assert page.locator("svg.chart").count() == 4


def test_a_failure_leads_from_the_top_to_what_was_collected(window):
    page, _ = window
    page.get_by_role("link", name="TM-02").first.click()
    link = page.get_by_role("link", name="What was collected after the failure")
    expect(link).to_be_visible()
    link.click()
    expect(page.get_by_role("link", name="routes.json")).to_be_visible()


def test_what_has_no_test_yet_is_there_when_it_is_asked_for(window):
    page, _ = window
    id_ = next(id_ for id_ in CATALOGUE if id_.startswith("EG"))
    sentence = page.get_by_text(CATALOGUE[id_].sentence)
    expect(sentence).to_be_hidden()
    page.locator("details", has=sentence).locator("summary").click()
    expect(sentence).to_be_visible()
