"""Where things belong: the checkout, the caches that outlive it, and the state of what is running."""

import os
from dataclasses import dataclass
from pathlib import Path

from platformdirs import user_cache_path, user_state_path


@dataclass(frozen=True)
class Paths:
    """Every folder that meshproof reads from or writes to.

    Args:
        house: the checkout, with charts/, images/, bookinfo/ and suites/.
        cache: what is dear to make again; keyed by content, safe to delete.
        state: one folder per cluster: kubeconfig, what was made, what is running.
    """

    house: Path
    cache: Path
    state: Path

    def cluster(self, name: str) -> Path:
        """The folder of one cluster's kubeconfig and state."""
        return self.state / name

    @property
    def logs(self) -> Path:
        """Logs of builds and of programs that were started."""
        return self.cache / "logs"


def paths() -> Paths:
    """The folders of this user, or those that MESHPROOF_CACHE and MESHPROOF_STATE name."""
    house = Path(__file__).resolve().parents[2]
    cache = os.environ.get("MESHPROOF_CACHE")
    state = os.environ.get("MESHPROOF_STATE")
    return Paths(
        house=house,
        cache=Path(cache).resolve() if cache else user_cache_path("meshproof"),
        state=Path(state).resolve() if state else user_state_path("meshproof"),
    )
