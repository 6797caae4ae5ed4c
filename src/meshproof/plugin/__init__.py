"""The pytest plugin: the `behaviour` marker, its options, and the verdicts.

Every pytest run of an environment that has meshproof loads this module, so it imports nothing heavy: what
proves behaviours is brought in once a collected test names one.
"""

from pathlib import Path

import pytest

from meshproof.plugin.marks import MARKER, check, wanted_by
from meshproof.plugin.modules import behaviour_of_module

__all__ = ["behaviour_of_module"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options; `--kubeconfig` and `--cluster-name` belong to pytest-kind."""
    group = parser.getgroup("meshproof", "proving what a service mesh promises")
    group.addoption(
        "--meshproof-context", metavar="NAME", help="context of the kubeconfig to prove behaviours on"
    )
    group.addoption(
        "--meshproof-control",
        action="store_true",
        help="withhold every manifest, or apply its opposite: each behaviour must then fail",
    )
    group.addoption(
        "--meshproof-output",
        metavar="FOLDER",
        type=Path,
        help="folder for results.jsonl, which must not exist there yet",
    )
    group.addoption(
        "--meshproof-require-all",
        action="store_true",
        help="fail the run when the mesh does not offer a behaviour that was selected",
    )
    group.addoption(
        "--meshproof-images",
        metavar="FILE",
        type=Path,
        help="YAML file with the image of each Bookinfo service and of the probe",
    )
    group.addoption(
        "--meshproof-charts",
        metavar="FOLDER",
        help="folder or repository of Istio's charts; the run's own gateway is installed from there",
    )
    group.addoption(
        "--meshproof-helm", metavar="PATH", type=Path, default=Path("helm"), help="the helm to install with"
    )
    group.addoption(
        "--meshproof-host-port",
        metavar="NODEPORT:PORT",
        help="node port for the run's gateway, and the port of this machine that leads to it",
    )
    group.addoption(
        "--meshproof-fact",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        help="what the cluster does not tell, for the report: supply, cluster, profile, proxy_build",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marker."""
    config.addinivalue_line(
        "markers",
        f"{MARKER}(id, manifests=None): the behaviour of the catalogue that a module proves, and the file "
        "beside it with the objects that make it true",
    )


@pytest.hookimpl(tryfirst=True)  # before -k and -m deselect: a report names what was left out
def pytest_collection_modifyitems(
    session: pytest.Session, config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Check what the tests say about themselves, and take charge of their verdicts."""
    wanted = {item: mark for item in items if (mark := wanted_by(item)) is not None}
    # When no module of a suite can be imported, none names a behaviour; its results must say so all the same.
    unreadable = session.testsfailed and config.getoption("meshproof_output") is not None
    if not wanted and not unreadable:
        return
    check(wanted.values())
    for item, mark in wanted.items():
        item.extra_keyword_matches.add(mark.id)  # so that -k TM-02 selects
    if config.getoption("collectonly"):
        return
    # Imported only here: pydantic, requests and the catalogue have no part in a run that proves no behaviour.
    from meshproof.plugin.verdicts import Verdicts  # noqa: PLC0415

    config.pluginmanager.register(Verdicts(config, wanted), "meshproof-verdicts")
