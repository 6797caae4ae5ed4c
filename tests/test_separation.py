"""What the proxies of a run know of, and what they do not."""

from pathlib import Path

from meshproof.run import Run
from meshproof.separation import no_spans, scope

RUN = Run("1122-0915-ab12")
CHART = Path(__file__).parents[1] / "charts" / "probe" / "templates" / "probes.yaml"


def test_both_namespaces_of_the_run_are_known_and_those_of_nobody():
    (listener,) = scope(RUN, ["shop", "istio-system"])["spec"]["egress"]
    assert listener["hosts"] == ["./*", f"{RUN.neighbour}/*", "istio-system/*", "shop/*"]


def test_it_holds_for_all_proxies_of_the_namespace():
    assert "workloadSelector" not in scope(RUN, [])["spec"]


def test_probes_alone_report_no_span():
    ((name, value),) = no_spans()["spec"]["selector"]["matchLabels"].items()
    assert f'        {name}: "{value}"\n' in CHART.read_text()
