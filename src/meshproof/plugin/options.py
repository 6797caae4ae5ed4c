"""The plugin's options, all beginning with --meshproof; `--kubeconfig` belongs to pytest-kind."""

from pathlib import Path

import pytest

from meshproof.errors import MeshproofError

PROGRESS = ("lines", "live", "none")


def add(parser: pytest.Parser) -> None:
    """Add every option."""
    group = parser.getgroup("meshproof", "proving what a service mesh promises")
    _where(group)
    _what(group)
    _how(group)


def _where(group: pytest.OptionGroup) -> None:
    group.addoption(
        "--meshproof-context", metavar="NAME", help="context of the kubeconfig to prove behaviours on"
    )
    group.addoption(
        "--meshproof-output",
        metavar="FOLDER",
        type=Path,
        help="folder for results.jsonl, which must not exist there yet",
    )
    group.addoption(
        "--meshproof-resume",
        action="store_true",
        help="go on with the run whose results the output folder holds: only tests that have no verdict yet, "
        "and those that ended in an error",
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
        action="append",
        default=[],
        help="node port for the run's gateway, and the port of this machine that leads to it; given again, "
        "for the gateway of the next worker",
    )
    group.addoption(
        "--meshproof-fact",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        help="what the cluster does not tell, for the report: supply, cluster, profile, proxy_build",
    )


def _what(group: pytest.OptionGroup) -> None:
    group.addoption(
        "--meshproof-areas",
        metavar="AREA[,AREA]",
        help="only behaviours of these areas of the catalogue",
    )
    group.addoption(
        "--meshproof-levels",
        metavar="LEVEL[,LEVEL]",
        help="only behaviours of these levels: core, extended, disruptive (default: core,extended)",
    )
    group.addoption(
        "--meshproof-assume",
        metavar="FEATURE",
        action="append",
        default=[],
        help="take a feature for offered, whatever the cluster says",
    )
    group.addoption(
        "--meshproof-exempt",
        metavar="FEATURE",
        action="append",
        default=[],
        help="take a feature for not offered, whatever the cluster says",
    )
    group.addoption(
        "--meshproof-require-all",
        action="store_true",
        help="fail the run when the mesh does not offer a behaviour that was selected",
    )

    group.addoption(
        "--meshproof-known-failure",
        metavar="BEHAVIOUR",
        action="append",
        default=[],
        help="a behaviour that the mesh is known not to keep: it stays failed, and the run does not fail",
    )


def _how(group: pytest.OptionGroup) -> None:
    group.addoption(
        "--meshproof-control",
        action="store_true",
        help="withhold every manifest, or apply its opposite: each behaviour must then fail",
    )
    group.addoption(
        "--meshproof-no-sidecars",
        action="store_true",
        help="deploy the shop and the probes without sidecars: no core behaviour may pass then",
    )
    group.addoption(
        "--meshproof-budget",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        help="one entry of the table of budgets, such as converge=60",
    )
    group.addoption(
        "--meshproof-shuffle",
        action="store_true",
        help="modules in random order (the default when CI is set); the seed is printed and recorded",
    )
    group.addoption(
        "--meshproof-seed", metavar="N", type=int, help="the random order that this seed has given before"
    )
    group.addoption(
        "--meshproof-progress",
        choices=PROGRESS,
        default="none",
        help="instead of pytest's dots: one line per behaviour as it ends, or the same with what is going on "
        "below it, for a terminal",
    )


def check(config: pytest.Config) -> None:
    """Check the words of options that are of use only once a mesh is there.

    Raises:
        pytest.UsageError: one of them names a feature or a budget that there is not.
    """
    from meshproof.behaviours import check_overrides  # noqa: PLC0415 - only a run that proves needs them
    from meshproof.traffic.budgets import Budgets  # noqa: PLC0415 - as above

    try:
        check_overrides(config.getoption("meshproof_assume"), config.getoption("meshproof_exempt"))
        Budgets.from_environment().with_overrides(config.getoption("meshproof_budget"))
    except MeshproofError as error:
        raise pytest.UsageError(str(error)) from error


def hush(config: pytest.Config) -> None:
    """Let pytest say less when progress is shown; with -v it is not, because somebody wants to see pytest."""
    if config.get_verbosity() > 0 or hasattr(config, "workerinput"):
        config.option.meshproof_progress = "none"
    if config.getoption("meshproof_progress") != "none":
        config.option.verbose = min(config.get_verbosity(), -1)
        config.option.reportchars += "N"
