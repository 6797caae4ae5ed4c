"""How the browser's container is started, found, confined and removed, on an engine that only takes notes."""

import json
from pathlib import Path

import pytest

from meshproof import wait
from meshproof.observe import browser as rooms
from meshproof.observe.browser import BrowserFailed, browser, remove_browsers, resolver_rules
from meshproof.supply.engine import Engine

ADDRESS = "ws://127.0.0.1:40123/devtools/browser/5a31"
HOUSE = Path(__file__).parents[2]
ENGINE = """#!/bin/sh
here=$(dirname "$0")
printf '%s\\n' "$*" >> "$here/calls"
case "$1" in
  create) echo c0ffee ;;
  inspect) cat "$here/running" ;;
  logs) cat "$here/log" ;;
  ps) cat "$here/left" ;;
esac
"""


@pytest.fixture
def told(tmp_path, monkeypatch):
    """The folder of an engine: what it was told in `calls`, what it answers in the others."""
    program = tmp_path / "docker"
    program.write_text(ENGINE)
    program.chmod(0o755)
    answers(tmp_path, log=f"a warning\n\nDevTools listening on {ADDRESS}\nanother\n")
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    return tmp_path


def answers(folder, *, log, running="true", left=""):
    for name, text in (("log", log), ("running", running), ("left", left)):
        (folder / name).write_text(text)


def calls(folder):
    return (folder / "calls").read_text().splitlines()


def opened(names=None):
    return browser(Engine("docker"), "browser:1", "dev", names or {})


def test_it_says_its_address_and_is_removed_afterwards(told):
    with opened() as address:
        assert address == ADDRESS
        assert not any(line.startswith("rm ") for line in calls(told))
    assert calls(told)[-1] == "rm --force --volumes c0ffee"


def test_it_is_removed_when_its_user_fails(told):
    with pytest.raises(KeyboardInterrupt), opened():
        raise KeyboardInterrupt
    assert calls(told)[-1] == "rm --force --volumes c0ffee"


def test_it_is_confined_and_found_again(told):
    with opened({"shop.example": "127.0.0.1"}):
        pass
    create = calls(told)[0]
    assert create.startswith("create --name meshproof-browser-")
    assert " --label meshproof.dev/browser=dev " in create
    for flag in ("--cap-drop=ALL", "--security-opt=no-new-privileges", "--read-only", "--network=host"):
        assert f" {flag} " in create
    assert create.endswith(" browser:1 --host-resolver-rules=MAP shop.example 127.0.0.1, MAP * ~NOTFOUND")


def test_one_that_ended_is_told_with_its_last_line_and_removed(told):
    answers(told, log="a warning\nno usable sandbox\n", running="false")
    with pytest.raises(BrowserFailed, match="ended as soon as it was started: no usable sandbox"), opened():
        pass
    assert calls(told)[-1] == "rm --force --volumes c0ffee"


def test_one_that_says_nothing_is_not_waited_for_forever(told, monkeypatch):
    monkeypatch.setattr(rooms, "START_SECONDS", 0)
    answers(told, log="a warning\n")
    with pytest.raises(wait.TimedOut, match="the browser says where it can be reached"), opened():
        pass
    assert calls(told)[-1] == "rm --force --volumes c0ffee"


def test_no_name_but_the_given_ones_is_known():
    assert resolver_rules({}) == "--host-resolver-rules=MAP * ~NOTFOUND"
    rules = resolver_rules({"b.example": "10.0.0.2", "a.example": "10.0.0.1"})
    assert rules == "--host-resolver-rules=MAP a.example 10.0.0.1, MAP b.example 10.0.0.2, MAP * ~NOTFOUND"


def test_what_a_kill_has_left_is_removed_by_its_label(told):
    answers(told, log="", left="meshproof-browser-1\nmeshproof-browser-2\n")
    assert remove_browsers(Engine("docker"), "dev") == ["meshproof-browser-1", "meshproof-browser-2"]
    assert "--filter label=meshproof.dev/browser=dev" in calls(told)[0]
    assert calls(told)[-1] == "rm --force --volumes meshproof-browser-1 meshproof-browser-2"


def test_without_leftovers_nothing_is_removed(told):
    assert remove_browsers(Engine("docker"), "dev") == []
    assert [line.split()[0] for line in calls(told)] == ["ps"]


def test_the_image_is_not_root_and_its_browser_asks_for_a_free_port():
    text = (HOUSE / "images" / "browser" / "Dockerfile").read_text().replace("\\\n", "")
    assert "\nUSER 1000:1000\n" in text
    (line,) = [line for line in text.splitlines() if line.startswith("ENTRYPOINT ")]
    words = json.loads(line.removeprefix("ENTRYPOINT "))
    assert {"--remote-debugging-port=0", "--no-proxy-server"} <= set(words)
