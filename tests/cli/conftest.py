"""The command, run to its end in this process."""

import signal
from dataclasses import dataclass

import pytest

from meshproof import cli, console


@dataclass(frozen=True)
class Done:
    """How a command ended, named as subprocess names it."""

    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def meshproof(tmp_path, monkeypatch, capfd):
    """Run the command with folders of its own, and no program on its PATH but those that are given."""

    def run(*words, path="", **env):
        folders = {"MESHPROOF_CACHE": str(tmp_path / "cache"), "MESHPROOF_STATE": str(tmp_path / "state")}
        for name in ("MESHPROOF_NAME", "MESHPROOF_ENGINE", "KUBECONFIG"):
            monkeypatch.delenv(name, raising=False)
        for name, value in {"PATH": path, "HOME": str(tmp_path), **folders, **env}.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr("sys.argv", ["meshproof", *words])
        monkeypatch.setattr(console, "_phases", [])
        before = signal.getsignal(signal.SIGTERM)
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            cli.main()
        signal.signal(signal.SIGTERM, before)
        return Done(ended.value.code or 0, *capfd.readouterr())

    return run
