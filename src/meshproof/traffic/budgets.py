"""The one table of budgets of expectations: suites hold no seconds and no counts."""

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Self

from meshproof.errors import ExitCode, MeshproofError

SCALE = "MESHPROOF_TIME_SCALE"
"""Environment variable: every deadline is multiplied by it, for a cluster that is slower than most."""


@dataclass(frozen=True, slots=True)
class Budgets:
    """How long, how often and how exactly. Override with `dataclasses.replace`."""

    # Deadlines, in seconds. The scale factor applies to these.
    call_timeout: float = 5.0
    """One call without an answer of its own timeout."""
    converge: float = 30.0
    """From the first call until the answers are right in a row: config arrives in about 0.1 s when idle."""
    sample: float = 120.0
    """One sample of a share: about 4,000 calls, were they as slow as 40 a second."""
    observe: float = 60.0
    """Until what the mesh says of its traffic is there: four scrapes at 15 s."""

    # Pace, in seconds between the starts of two questions. Not scaled.
    first_pause: float = 0.05
    """Never less: at most 20 requests a second to the API server."""
    longest_pause: float = 0.5
    """The pause grows up to this, so that a promise that is not kept costs little."""
    pause_growth: float = 1.5

    # Counts.
    in_a_row: int = 20
    """Right answers in a row: with three versions, 3 in a row come by luck, 20 do not."""
    concurrency: int = 4
    """Calls at the same time while converging."""
    sample_concurrency: int = 16
    """Calls at the same time in a sample."""

    # Exactness of shares, as fractions.
    points: float = 0.05
    """The deviation that a sample must be able to show."""
    alpha: float = 1e-4
    """Rate at which a share that is right is called wrong."""
    beta: float = 1e-3
    """Rate at which a share that is off by `points` is called right."""

    def scaled(self, factor: float) -> Self:
        """Return the same budgets with every deadline multiplied."""
        return replace(
            self,
            call_timeout=self.call_timeout * factor,
            converge=self.converge * factor,
            sample=self.sample * factor,
            observe=self.observe * factor,
        )

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Self:
        """Return the table, scaled as MESHPROOF_TIME_SCALE says.

        Raises:
            MeshproofError: the scale is not a number from 0.1 to 100.
        """
        text = environment.get(SCALE, "1")
        try:
            factor = float(text)
        except ValueError:
            factor = math.nan
        if not 0.1 <= factor <= 100:  # noqa: PLR2004 - beyond these it is a slip of the pen
            raise MeshproofError(
                f"{SCALE} is {text!r}, which is no number from 0.1 to 100",
                "set it to a factor such as 2, or unset it",
                ExitCode.USAGE,
            )
        return cls().scaled(factor)
