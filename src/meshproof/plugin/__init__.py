"""The pytest plugin: the `behaviour` marker, its options, and the verdicts.

Every pytest run of an environment that has meshproof loads this module, so it imports nothing heavy: what
proves behaviours is brought in once a collected test names one, or once tests are to be handed to workers.
"""

from collections.abc import Generator

import pytest

from meshproof.plugin import options, order
from meshproof.plugin.marks import BY_MANIFEST, MARKER, api_of, check, wanted_by
from meshproof.plugin.modules import behaviour_of_module, groundwork
from meshproof.plugin.selection import Selection

__all__ = ["behaviour_of_module", "groundwork"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options; `--kubeconfig` and `--cluster-name` belong to pytest-kind."""
    options.add(parser)


@pytest.hookimpl(tryfirst=True)  # before pytest-randomly and the terminal look at their options
def pytest_configure(config: pytest.Config) -> None:
    """Declare the marker, settle the order of a run, and take charge of its workers when there are any."""
    config.addinivalue_line(
        "markers",
        f"{MARKER}(id, manifests=(), needs=(), long=False): the behaviour of the catalogue that a module "
        "proves, the file beside it with the objects that make it true (or several, one for each API: every "
        "test is run with each), what features it needs besides the behaviour's, and whether it takes some "
        "ten seconds however fast the machine",
    )
    if not _proves(config):
        return
    order.settle(config)
    options.hush(config)
    Selection.of(config)  # a slip in an option is told before anything is collected
    options.check(config)
    if config.getoption("dist", "no") != "no" and not hasattr(config, "workerinput"):
        from meshproof.plugin import session  # noqa: PLC0415 - see above

        session.hand_out(config)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Have each test of a module that knows several APIs run through each, one API after the other."""
    wanted = wanted_by(metafunc.definition)
    if wanted is not None and len(wanted.manifests) > 1:
        apis = [api_of(manifest) or manifest.stem for manifest in wanted.manifests]
        metafunc.parametrize(BY_MANIFEST, wanted.manifests, ids=apis, indirect=True, scope="module")


@pytest.hookimpl(wrapper=True, tryfirst=True)  # around -k and -m: a report names what they leave out
def pytest_collection_modifyitems(
    session: pytest.Session, config: pytest.Config, items: list[pytest.Item]
) -> Generator[None, object, object]:
    """Check what the tests say about themselves, select among them, and take charge of their verdicts."""
    wanted = {item: mark for item in items if (mark := wanted_by(item)) is not None}
    # When no module of a suite can be imported, none names a behaviour; its results must say so all the same.
    unreadable = session.testsfailed and _proves(config)
    if not wanted and not unreadable:
        return (yield)
    for item, mark in wanted.items():
        item.extra_keyword_matches.add(mark.id)  # so that -k TM-02 selects
    if config.getoption("collectonly"):
        check(wanted.values())
        return (yield)
    from meshproof.plugin.session import Prover  # noqa: PLC0415 - see above

    prover = Prover.of(config)
    if prover.sound(wanted.values()):
        leave_out(config, items, {item for item, mark in wanted.items() if not prover.asks_for(mark)})
        done = yield
        leave_out(config, items, prover.take_charge(wanted, items))
        return done
    items.clear()
    return (yield)


def leave_out(config: pytest.Config, items: list[pytest.Item], unwanted: set[pytest.Item]) -> None:
    """Deselect tests."""
    if unwanted:
        config.hook.pytest_deselected(items=[item for item in items if item in unwanted])
        items[:] = [item for item in items if item not in unwanted]


def _proves(config: pytest.Config) -> bool:
    """Return whether a run is about behaviours: it says where the results go, or with what to try."""
    return any(config.getoption(name) is not None for name in ("meshproof_output", "meshproof_images"))
