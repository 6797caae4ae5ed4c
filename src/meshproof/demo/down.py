"""Removing the demo and all that was made with it, at whatever point it was interrupted."""

import shutil
import tempfile
from pathlib import Path

from filelock import Timeout

from meshproof.cluster import state
from meshproof.cluster.kind import Kind
from meshproof.observe.browser import remove_browsers
from meshproof.paths import Paths
from meshproof.supply.builds import build_lock
from meshproof.supply.engine import Engine, detect
from meshproof.supply.recipe import PREFIX


def down(paths: Paths, name: str, *, caches: bool) -> tuple[list[str], list[str]]:
    """Remove one cluster, and with `caches` what is kept for the next time.

    Returns:
        What was removed and what is kept, a line each.
    """
    made = state.load(paths, name)
    engine = detect(paths, made.engine if made else None)
    removed = [f"container {found}" for found in remove_browsers(engine, name)]
    removed += Kind(paths, engine, name).delete()
    kept = []
    try:
        with build_lock(paths, wait=False):
            removed += _leftovers(paths, engine)
            kept = _kept(paths, engine)
    except Timeout:
        # What it has half made looks like a leftover, and is not.
        return removed, ["caches: another meshproof is building; run `meshproof down` again when it is done"]
    if not caches:
        return removed, [*kept, "to remove those too: meshproof down --caches"] if kept else kept
    images = _images(engine)
    if images:
        engine.run("rmi", "--force", *images)
    engine.prune()
    shutil.rmtree(paths.cache, ignore_errors=True)
    for folder in _build_caches():
        shutil.rmtree(folder, ignore_errors=True)
    return removed + kept, []


def _leftovers(paths: Paths, engine: Engine) -> list[str]:
    """What interrupted builds left: unfinished folders of ours, and containers that nobody will finish."""
    removed = []
    for folder in [*paths.cache.glob("meshproof-*"), *(paths.cache / "tools").glob("meshproof-*")]:
        shutil.rmtree(folder, ignore_errors=True)
        removed.append(f"unfinished build folder {folder}")
    for partial in paths.cache.glob("archives/*.partial"):
        partial.unlink()
        removed.append(f"unfinished archive {partial}")
    if engine.name == "podman":
        # Containers of builds are none of Podman's own, hence --external; ours name our images.
        shown = engine.run("ps", "--all", "--external", "--format", "{{.ID}} {{.Status}} {{.Image}}")
        for line in shown.splitlines():
            identity, status, image = [*line.split(), "", ""][:3]
            if status == "Storage" and image.startswith(PREFIX):
                engine.run("rm", "--force", identity)
                removed.append(f"unfinished build container {identity} of {image}")
    return removed


def _images(engine: Engine) -> list[str]:
    return sorted(image for image in engine.images() if image.startswith(f"{PREFIX}/"))


def _build_caches() -> list[Path]:
    # Where Podman keeps the caches that Dockerfiles mount.
    places = {Path(tempfile.gettempdir()), Path("/var/tmp")}  # noqa: S108
    return sorted(folder for place in places for folder in place.glob("buildah-cache*"))


def _kept(paths: Paths, engine: Engine) -> list[str]:
    kept = []
    if images := _images(engine):
        kept.append(f"{len(images)} images {PREFIX}/* in {engine.name}")
    if paths.cache.exists():
        kept.append(f"tools, image archives and build logs in {paths.cache}")
    kept += [f"caches of package downloads in {folder}" for folder in _build_caches()]
    return kept
