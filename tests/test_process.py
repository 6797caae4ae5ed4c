import signal
import sys
import threading
import time

import pytest

from meshproof import process


def test_output_is_returned():
    assert process.run([sys.executable, "-c", "print('hello')"]) == "hello\n"


def test_a_failure_carries_the_last_words():
    with pytest.raises(process.CommandFailed, match="failed: disk on fire") as raised:
        process.run([sys.executable, "-c", "import sys; sys.exit('first\\ndisk on fire')"])
    assert raised.value.output == "first\ndisk on fire"


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
    child = process.subprocess.Popen(
        [sys.executable, "-c", code], stdout=process.subprocess.PIPE, start_new_session=True
    )
    child.stdout.readline()
    process.stop(child)
    child.stdout.close()
    assert child.returncode == -signal.SIGKILL


def test_what_an_orderly_program_started_may_finish(tmp_path):
    done = tmp_path / "done"
    child = process.subprocess.Popen(
        ["/bin/sh", "-c", f"(sleep 0.5; touch {done}) & echo started; exec sleep 60"],
        stdout=process.subprocess.PIPE,
        start_new_session=True,
    )
    child.stdout.readline()
    process.stop(child, orderly=True)
    child.stdout.close()
    assert done.exists()
    assert child.returncode == -signal.SIGTERM
