import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import pytest

from meshproof import process

pytestmark = pytest.mark.processes


def test_output_is_returned():
    assert process.run([sys.executable, "-c", "print('hello')"]) == "hello\n"


def test_a_failure_carries_the_last_words():
    with pytest.raises(process.CommandFailed, match="failed: disk on fire") as raised:
        process.run([sys.executable, "-c", "import sys; sys.exit('first\\ndisk on fire')"])
    assert raised.value.output == "first\ndisk on fire"


def test_a_program_that_was_killed_is_told_so():
    with pytest.raises(process.CommandFailed, match="failed: it was ended by SIGKILL"):
        process.run(["/bin/sh", "-c", "kill -9 $$"])


def test_a_failure_names_its_log(tmp_path):
    log = tmp_path / "log"
    with pytest.raises(process.CommandFailed, match=f"read {log}"):
        process.run([sys.executable, "-c", "import sys; sys.exit('oh')"], log=log)
    assert log.read_text() == "oh\n"


def test_a_program_that_is_not_there_is_named():
    with pytest.raises(process.CommandFailed, match="the program no-such-program is not on this machine"):
        process.run(["no-such-program"])


def test_a_program_that_does_not_end_is_ended():
    started = time.monotonic()
    with pytest.raises(process.CommandFailed, match="did not end within 0 s"):
        process.run([sys.executable, "-c", "import time; time.sleep(60)"], seconds=0.3)
    assert time.monotonic() - started < 5


def test_stop_all_ends_what_other_threads_started(monkeypatch):
    monkeypatch.setattr(process, "_stopping", threading.Event())
    outcome = []

    def work():
        try:
            process.run([sys.executable, "-c", "import time; time.sleep(60)"])
        except BaseException as error:  # noqa: BLE001
            outcome.append(type(error))

    thread = threading.Thread(target=work)
    thread.start()
    while not process._running:
        time.sleep(0.01)
    process.stop_all()
    thread.join(5)
    assert outcome == [KeyboardInterrupt]


def test_a_program_that_ignores_the_request_is_forced(monkeypatch):
    monkeypatch.setattr(process, "GRACE_SECONDS", 0.3)
    deaf = "signal.signal(signal.SIGTERM, signal.SIG_IGN)"
    code = f"import signal, time; {deaf}; print(1, flush=True); time.sleep(60)"
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, start_new_session=True)
    child.stdout.readline()
    process.stop(child)
    child.stdout.close()
    assert child.returncode == -signal.SIGKILL


def test_what_an_orderly_program_started_may_finish(tmp_path):
    done = tmp_path / "done"
    child = subprocess.Popen(
        ["/bin/sh", "-c", f"(sleep 0.5; touch {done}) & echo started; exec sleep 60"],
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    child.stdout.readline()
    process.stop(child, orderly=True)
    child.stdout.close()
    assert done.exists()
    assert child.returncode == -signal.SIGTERM


ATTACHING = """
import sys
from meshproof.process import attach
sys.exit(attach(sys.argv[1:]) % 256)
"""

SHELL = ("/bin/sh", "-c")


@pytest.fixture
def attaching(tmp_path):
    """Start a program, attached to one of this test's own, which may then be killed."""
    started = []

    def start(*words):
        words = [sys.executable, "-c", ATTACHING, *words]
        env = {**os.environ, "TMPDIR": str(tmp_path)}
        started.append(subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=env))
        return started[-1]

    yield start
    for each in started:
        each.kill()
        each.stdout.close()
        each.wait()


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def ends(pid, seconds=10):
    deadline = time.monotonic() + seconds
    while alive(pid) and time.monotonic() < deadline:
        time.sleep(0.01)
    return not alive(pid)


def test_attached_programs_exit_code_is_returned():
    assert process.attach([*SHELL, "exit 7"]) == 7


def test_attached_program_is_asked_to_end_when_its_parent_is_killed(attaching, tmp_path):
    note = tmp_path / "note"
    parent = attaching(*SHELL, f"trap 'echo asked >{note}; exit' TERM; echo $$; while :; do sleep 0.05; done")
    child = int(parent.stdout.readline())
    parent.kill()
    assert ends(child)
    assert note.read_text() == "asked\n"


def test_interrupt_reaches_a_program_that_a_shell_has_made_deaf_to_it(attaching):
    parent = attaching(
        *SHELL, "trap '' INT; trap 'exit 5' TERM; sleep 0.5; echo $$; while :; do sleep 0.05; done"
    )
    child = int(parent.stdout.readline())
    parent.send_signal(signal.SIGINT)
    assert parent.wait(10) == 5
    assert ends(child)


def test_what_an_attached_program_has_started_ends_with_it_when_it_is_killed(attaching):
    parent = attaching(*SHELL, "sleep 60 >/dev/null & echo $! $$; wait")
    grandchild, child = map(int, parent.stdout.readline().split())
    os.kill(child, signal.SIGKILL)
    assert parent.wait(10) == 256 - signal.SIGKILL
    assert ends(grandchild)


def test_attached_program_has_a_folder_of_its_own_for_what_is_temporary(attaching, tmp_path):
    parent = attaching(*SHELL, "touch $TMPDIR/key; echo $TMPDIR")
    folder = Path(parent.stdout.readline().strip())
    parent.wait(10)
    assert folder.parent == tmp_path
    assert not folder.exists()


def test_temporary_files_of_this_process_go_with_it(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with process.scratch() as (folder, _):
        assert Path(tempfile.mkdtemp()).parent == folder
        with process.scratch() as (inner, _):
            assert inner == folder
        assert process.remove_scratch() == [], "it is in use"
    assert list(tmp_path.iterdir()) == []
    assert tempfile.gettempdir() == str(tmp_path)


def test_folder_that_killed_programs_have_left_is_removed_once_nobody_uses_it(
    attaching, tmp_path, monkeypatch
):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    parent = attaching(*SHELL, "touch $TMPDIR/key; trap '' TERM; echo $$ $TMPDIR; exec sleep 60 >/dev/null")
    child, folder = parent.stdout.readline().split()
    parent.kill()
    parent.wait()
    assert process.remove_scratch() == [], "the program still lives and uses it"
    os.kill(int(child), signal.SIGKILL)
    assert ends(child)
    assert process.remove_scratch() == [Path(folder)]
    assert not Path(folder).exists()
