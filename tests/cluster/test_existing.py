import socket

import pytest
import yaml

from meshproof.cluster.existing import existing
from meshproof.cluster.model import NoContext, Unreachable


@pytest.fixture
def closed_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def kubeconfig(tmp_path, closed_port):
    file = tmp_path / "kubeconfig"
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "nobody",
        "contexts": [{"name": "nobody", "context": {"cluster": "c", "user": "u"}}],
        "clusters": [{"name": "c", "cluster": {"server": f"http://127.0.0.1:{closed_port}"}}],
        "users": [{"name": "u", "user": {}}],
    }
    file.write_text(yaml.safe_dump(content))
    return file


def test_a_context_that_does_not_exist_is_named_with_those_that_do(kubeconfig):
    with pytest.raises(NoContext, match=r"the context 'prod' is not in .*; use one of: nobody"):
        existing("prod", kubeconfig)


def test_a_server_that_does_not_answer_is_named(kubeconfig, closed_port):
    with pytest.raises(
        Unreachable, match=f"context 'nobody' at http://127.0.0.1:{closed_port} does not answer"
    ):
        existing(None, kubeconfig)


def test_a_missing_kubeconfig_is_named(tmp_path):
    with pytest.raises(NoContext, match="there is no kubeconfig"):
        existing("x", tmp_path / "nowhere")


@pytest.mark.parametrize("text", ["", "[]", "a: b", ":\n -"])
def test_a_file_that_is_no_kubeconfig_is_named(tmp_path, text):
    file = tmp_path / "kubeconfig"
    file.write_text(text)
    with pytest.raises(NoContext, match="is not a kubeconfig"):
        existing("x", file)
