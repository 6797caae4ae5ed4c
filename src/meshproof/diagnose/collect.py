"""From a failure to what is kept of it, and to what probably explains it."""

from dataclasses import dataclass

from meshproof.diagnose.case import Case
from meshproof.diagnose.examination import Examination
from meshproof.diagnose.folder import Folder
from meshproof.diagnose.gather import reason_of
from meshproof.diagnose.hints import hint
from meshproof.diagnose.scene import Scene
from meshproof.redact import redact

SECONDS = 15.0
"""For a whole diagnosis: the next test waits for it."""


@dataclass(frozen=True)
class Found:
    """What a diagnosis found.

    Args:
        hint: what probably explains the failure, one line; empty when nothing does.
        secrets: values of the pods' variables that are named like secrets: nothing that is kept or printed
            may hold them. None of them is known where the pods could not be read.
    """

    hint: str
    secrets: frozenset[str]


def examine(case: Case, scene: Scene, folder: Folder | None, seconds: float = SECONDS) -> Found:
    """Collect what explains a failure, read-only; return the hint, or nothing.

    Args:
        case: the failure.
        scene: where it happened.
        folder: where to keep what is seen; None: nowhere.
        seconds: deadline for all of it.
    """
    examination = Examination(case, scene, folder, seconds)
    said = flaw = ""
    try:
        said = hint(examination.look())
    except Exception as error:  # noqa: BLE001 - whatever breaks here must not reach the verdict
        flaw = reason_of(error)
    said = redact(said, examination.secrets)
    if folder is not None:
        folder.close(_summary(case, said, examination, folder, flaw))
    return Found(said, examination.secrets)


def _summary(case: Case, said: str, examination: Examination, folder: Folder, flaw: str) -> str:
    lines = [f"{case.behaviour}  {case.verdict}  {case.test}", case.reason, *case.evidence]
    if said:
        lines.append(f"  {'hint':<10}{said}")
    lines += ["", "collected after the verdict, read-only, credentials hidden:"]
    for one in folder.written:
        cut = f"  ({one.left_out} bytes left out)" if one.left_out else ""
        lines.append(f"  {one.name}{cut}")
    if examination.gather.missing:
        lines += ["", "not collected:"]
        lines += [f"  {name}: {why}" for name, why in sorted(examination.gather.missing.items())]
    if flaw:
        lines += ["", f"the diagnosis itself broke, which changes no verdict: {flaw}"]
    return "\n".join(lines) + "\n"
