"""A watch over what a run stands on: the API server, istiod, and the webhook that judges its objects.

What has answered once and then keeps silent for longer than a restart takes is lost. A mesh that cannot be
asked or changed any more is not judged any more, so the run ends then.
"""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from kubernetes.client import ApiClient, ApiException
from urllib3.exceptions import HTTPError, ReadTimeoutError

from meshproof.access.istiod import NAMESPACE, PORT, istiod_service
from meshproof.cluster.model import Cluster
from meshproof.errors import MeshproofError
from meshproof.mesh.serving import judged

EVERY_SECONDS = 2.0
PATIENCE_SECONDS = 20.0
"""How long one that answered before may keep silent: istiod needs 10 s to start anew, a run ends in 60 s."""

ANSWER_SECONDS = (2.0, 3.0)
"""How long a connection and then an answer may take."""

_SERVER_ERROR, _CLIENT_ERROR = 500, 400


@dataclass(frozen=True)
class Loss:
    """What a run has lost.

    Args:
        what: a clause that says who does not answer, and why.
        next_step: an imperative clause.
        silent: whether the API server itself is lost, so that nothing can be tidied up either.
    """

    what: str
    next_step: str
    silent: bool

    def error(self) -> MeshproofError:
        """Return it as the error of whoever met it."""
        return MeshproofError(self.what, self.next_step)


LOST = pytest.StashKey[Loss]()
"""Where a run that has lost its cluster or its mesh says so."""


@dataclass(frozen=True)
class Asked:
    """One that is asked whether it is still there.

    Args:
        name: the subject of a sentence.
        ask: returns why it did not answer, or None; it takes a few seconds at most.
        next_step: what the user does when it is lost.
        only_in_doubt: ask only when a test has ended badly, because asking costs something.
    """

    name: str
    ask: Callable[[], str | None]
    next_step: str
    only_in_doubt: bool = False


class Watch:
    """Asks one after the other, as each stands on the one before it; may be used by several threads.

    Args:
        asked: from what carries to what is carried; the first is the API server.
        on_loss: called once, by the thread that has found the loss.
        clock: seconds that never run backwards.
    """

    def __init__(
        self,
        asked: Sequence[Asked],
        on_loss: Callable[[Loss], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._asked = tuple(asked)
        self._on_loss = on_loss
        self._clock = clock
        self._known: set[Asked] = set()
        self._silent_since: dict[Asked, float] = {}
        self._one_at_a_time = threading.Lock()
        self._over = threading.Event()
        self._excused = False
        self.lost: Loss | None = None

    def excuse(self, *, mesh: bool) -> None:
        """Say whether what stands on the API server may keep silent: a disruptive test stops it itself."""
        self._excused = mesh
        if mesh:
            self._silent_since.clear()

    def look(self, *, in_doubt: bool = False) -> bool:
        """Ask each once; return whether all answer that ever did.

        Args:
            in_doubt: ask also those that are only asked then.
        """
        with self._one_at_a_time:
            return self._look(in_doubt=in_doubt)

    def _look(self, *, in_doubt: bool) -> bool:
        for each in self._asked[:1] if self._excused else self._asked:
            if each.only_in_doubt and not in_doubt:
                continue
            began = self._clock()
            why = each.ask()
            if why is None:
                self._known.add(each)
                self._silent_since.pop(each, None)
            elif each in self._known:
                since = self._silent_since.setdefault(each, began)
                if self._clock() - since >= PATIENCE_SECONDS:
                    self._lose(each, self._clock() - since, why)
                # What stands on this one cannot be asked either.
                return False
        return True

    def _lose(self, each: Asked, seconds: float, why: str) -> None:
        if self.lost is None:
            what = f"{each.name} has not answered for {seconds:.0f} s ({why})"
            self.lost = Loss(what, each.next_step, silent=each is self._asked[0])
            self._on_loss(self.lost)

    def settled(self, *, in_doubt: bool) -> Loss | None:
        """Return as soon as all answer (None), or one is lost.

        Args:
            in_doubt: ask also those that are only asked then.
        """
        while self.lost is None and not self.look(in_doubt=in_doubt):
            self._over.wait(EVERY_SECONDS)
        return self.lost

    def keep(self, after_loss: Callable[[Loss], None]) -> None:
        """Look until closed, in a thread of its own; once something is lost, call `after_loss` instead."""
        threading.Thread(target=self._keep, args=(after_loss,), name="meshproof-watch", daemon=True).start()

    def _keep(self, after_loss: Callable[[Loss], None]) -> None:
        while not self._over.wait(EVERY_SECONDS):
            self.look()
            if self.lost is not None:
                after_loss(self.lost)
                return

    def close(self) -> None:
        """Look no more."""
        self._over.set()


def asked_of(cluster: Cluster) -> tuple[Asked, ...]:
    """Return who is asked on a cluster."""
    # A client of its own: those that wait for lost answers hold the connections of the other.
    client = ApiClient(cluster.api.configuration)
    server = f"the API server of context {cluster.context!r}"
    again = "start it again, `meshproof sweep` removes what the run has left there"
    log = f"look at istiod's log, {again}"

    found: list[str] = []

    def istiod() -> str | None:
        service = found[0] if found else istiod_service(client, ANSWER_SECONDS)
        path = f"/api/v1/namespaces/{NAMESPACE}/services/{service}:{PORT}/proxy/version"
        why = _silence(client, path, _CLIENT_ERROR)
        if why is None:
            # It keeps its name, so that one that is silent later costs no question more.
            found[:] = [service]
        return why

    def webhook() -> str | None:
        return None if judged(cluster) else "it does not tell a right object from a wrong one"

    return (
        Asked(server, lambda: _silence(client, "/readyz", _SERVER_ERROR), again),
        Asked("istiod", istiod, log),
        Asked("the mesh's webhook", webhook, log, only_in_doubt=True),
    )


def _silence(client: ApiClient, path: str, bad: int) -> str | None:
    """Return why a path is not answered with a status below `bad`, or None."""
    request = client.param_serialize(
        "GET", path, header_params={"Accept": "*/*"}, auth_settings=["BearerToken"]
    )
    try:
        answer: Any = client.call_api(*request, _request_timeout=ANSWER_SECONDS)
        answer.read()
    except ReadTimeoutError:
        return f"no answer within {sum(ANSWER_SECONDS):g} s"
    except (ApiException, HTTPError, OSError) as error:
        # What wraps the cause says where it was met; the cause stands last.
        return " ".join(str(error).rpartition(": ")[2].split())[:200] or type(error).__name__
    return None if answer.status < bad else f"status {answer.status}"
