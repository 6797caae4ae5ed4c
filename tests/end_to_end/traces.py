"""What a run could leave behind: objects of the API, programs, ports that they listen on, files."""

import secrets
from dataclasses import dataclass
from pathlib import Path

from kubernetes.client import ApiClient
from kubernetes.dynamic import DynamicClient
from kubernetes.dynamic.resource import ResourceList

MARK = "MESHPROOF_E2E_MARK"
# They come and go by themselves, with the objects that they belong to.
FLEETING = {
    "CertificateSigningRequest",
    "ControllerRevision",
    "Endpoints",
    "EndpointSlice",
    "Event",
    "Lease",
    "Pod",
    "ReplicaSet",
}
LISTENING = "0A"


@dataclass(frozen=True)
class Traces:
    """All that is there at one moment."""

    objects: frozenset[str]
    programs: tuple[str, ...]
    ports: frozenset[int]
    files: frozenset[str]

    def since(self, before: "Traces") -> list[str]:
        """What has come (+) and gone (-) since then."""
        now, then = self._all(), before._all()
        return sorted([*(f"+ {each}" for each in now - then), *(f"- {each}" for each in then - now)])

    def _all(self) -> set[str]:
        return {str(each) for each in (*self.objects, *self.programs, *self.ports, *self.files)}


@dataclass(frozen=True)
class Marked:
    """Programs that bear a mark in their environment, as all do that a marked one starts; and their files.

    Args:
        folder: where they put what is temporary.
    """

    folder: Path
    mark: str = secrets.token_hex(8)

    @property
    def environment(self) -> dict[str, str]:
        return {MARK: self.mark, "TMPDIR": str(self.folder)}

    def programs(self) -> dict[int, str]:
        """Command lines, by process."""
        found = {}
        wanted = f"{MARK}={self.mark}".encode()
        for process in Path("/proc").glob("[0-9]*"):
            try:
                if wanted in (process / "environ").read_bytes().split(b"\0"):
                    line = (process / "cmdline").read_bytes().replace(b"\0", b" ")
                    found[int(process.name)] = line.decode(errors="replace").strip()
            except OSError:
                continue
        return {process: line for process, line in found.items() if line}

    def ports(self) -> frozenset[int]:
        """Ports that they listen on."""
        sockets = set()
        for process in self.programs():
            for handle in Path(f"/proc/{process}/fd").glob("*"):
                try:
                    sockets.add(str(handle.readlink()))
                except OSError:
                    continue
        return frozenset(port for port, inode in listening() if f"socket:[{inode}]" in sockets)

    def traces(self, api: ApiClient) -> Traces:
        """What is there now."""
        files = frozenset(str(file.relative_to(self.folder)) for file in self.folder.rglob("*"))
        return Traces(objects(api), tuple(self.programs().values()), self.ports(), files)


def listening() -> list[tuple[int, str]]:
    """Each listening port of this machine, and the inode of its socket."""
    found = []
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in Path(table).read_text().splitlines()[1:]:
            words = line.split()
            if words[3] == LISTENING:
                found.append((int(words[1].rpartition(":")[2], 16), words[9]))
    return found


def objects(api: ApiClient) -> frozenset[str]:
    """Every object of every kind that a cluster lists, fleeting ones left out."""
    found = set()
    for kind in DynamicClient(api).resources.search():
        if isinstance(kind, ResourceList) or "list" not in kind.verbs or kind.kind in FLEETING:
            continue
        for item in kind.get().to_dict()["items"]:
            named = item["metadata"]
            found.add(f"{kind.group_version} {kind.kind} {named.get('namespace', '')}/{named['name']}")
    return frozenset(found)
