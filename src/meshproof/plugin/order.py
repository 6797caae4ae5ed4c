"""In which order modules run: as they are listed, or shuffled as wholes by pytest-randomly."""

import os
import random
from collections.abc import Mapping

import pytest

SEED = pytest.StashKey[int]()
"""The seed of a random order; absent when modules run as they are listed."""

_LARGEST_SEED = 2**32


def settle(config: pytest.Config, environment: Mapping[str, str] = os.environ) -> None:
    """Decide on the order, before pytest-randomly looks at its own options.

    Args:
        config: of the pytest run.
        environment: of this process; CI=true there asks for a random order.
    """
    if not config.pluginmanager.hasplugin("randomly"):
        return
    seed: int | None = config.getoption("meshproof_seed")
    shuffled = config.getoption("meshproof_shuffle") or environment.get("CI", "").lower() in {"1", "true"}
    if seed is None and shuffled:
        # A worker is told by pytest-randomly which seed it is.
        seed = random.SystemRandom().randrange(_LARGEST_SEED)
    config.option.randomly_reorganize = seed is not None
    if seed is not None:
        config.option.randomly_seed = config.stash[SEED] = seed
