import pytest

from meshproof.mesh import serving


@pytest.mark.parametrize(
    ("right", "wrong", "serves"),
    [
        pytest.param(None, 'admission webhook "rev.validation.istio.io" denied', True, id="judges"),
        pytest.param(None, None, False, id="accepts-everything"),
        pytest.param(
            'failed calling webhook "rev.validation.istio.io"', "the same", False, id="refuses-everything"
        ),
        pytest.param(
            None, "spec.http[0].route[0].weight: Invalid value", False, id="schema-refuses-not-webhook"
        ),
        pytest.param("not found", "not found", False, id="no-definition-yet"),
    ],
)
def test_only_a_webhook_that_tells_right_from_wrong_serves(monkeypatch, right, wrong, serves):
    answers = {100: right, -1: wrong}
    monkeypatch.setattr(
        serving,
        "dry_run",
        lambda _cluster, body: answers[body["spec"]["http"][0]["route"][0]["weight"]],
    )
    assert serving.judged(None) is serves
