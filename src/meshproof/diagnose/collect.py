"""From a failure to what is kept of it, and to what probably explains it."""

from meshproof.diagnose.case import Case
from meshproof.diagnose.examination import Examination
from meshproof.diagnose.folder import Folder
from meshproof.diagnose.gather import reason_of
from meshproof.diagnose.hints import hint
from meshproof.diagnose.scene import Scene

SECONDS = 15.0
"""For a whole diagnosis: the next test waits for it."""


def examine(case: Case, scene: Scene, folder: Folder | None, seconds: float = SECONDS) -> str:
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
    if folder is not None:
        said = folder.hidden(said)
        folder.close(_summary(case, said, examination, folder, flaw))
    return said


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
