"""The real database in the image that it ships in: started, asked, stopped."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

DATA = Path("/var/lib/mysql")
SEED = Path(__file__).parent / "seed.sql"
FIRST = Path("/docker-entrypoint-initdb.d/seed.sql")
ROOT, READER = r"it's a \ `secret", "reader's"
START_SECONDS = 15


class Database:
    """A running `serve`."""

    def __init__(self, process: subprocess.Popen, port: int) -> None:
        self.process = process
        self.port = port

    def ask(self, sql: str, user: str = "root", password: str = ROOT) -> subprocess.CompletedProcess:
        where = ["--host=127.0.0.1", f"--port={self.port}", "--skip-ssl", f"--user={user}"]
        return subprocess.run(
            ["mariadb", *where, "--skip-column-names", "--batch", "--execute", sql],
            env={**os.environ, "MYSQL_PWD": password},
            capture_output=True,
            text=True,
            check=False,
        )

    def rows(self, sql: str, **who: str) -> list[list[str]]:
        done = self.ask(sql, **who)
        assert done.returncode == 0, done.stderr
        return [line.split("\t") for line in done.stdout.splitlines()]

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=20)


@pytest.fixture(autouse=True)
def _empty_folder() -> None:
    subprocess.run(["find", DATA, "-mindepth", "1", "-delete"], check=True)


@pytest.fixture
def serve() -> Callable[..., Database]:
    """Run `serve` in a new folder and wait until it answers."""

    @contextmanager
    def run(port: int = 3306, **env: str) -> Iterator[Database]:
        account = {"MYSQL_DATABASE": "test", "MYSQL_USER": "reader", "MYSQL_PASSWORD": READER}
        process = subprocess.Popen(
            ["serve", f"--port={port}"], env={**os.environ, "MYSQL_ROOT_PASSWORD": ROOT, **account, **env}
        )
        database = Database(process, port)
        try:
            wait_for(database, env.get("MYSQL_ROOT_PASSWORD", ROOT))
            yield database
        finally:
            process.kill()
            process.wait()

    return run


def wait_for(database: Database, password: str) -> None:
    end = time.monotonic() + START_SECONDS
    while database.ask("SELECT 1", password=password).returncode:
        assert database.process.poll() is None, "the database ended"
        assert time.monotonic() < end, "the database does not answer"
        time.sleep(0.1)


def seed(
    database: Database, file: Path = SEED, password: str = ROOT, **env: str
) -> subprocess.CompletedProcess:
    where = {"MYSQL_DB_HOST": "127.0.0.1", "MYSQL_DB_PORT": str(database.port)}
    who = {"MYSQL_DB_USER": "root", "MYSQL_DB_PASSWORD": password}
    return subprocess.run(
        ["seed", file], env={**os.environ, **where, **who, **env}, capture_output=True, text=True, check=False
    )


def test_the_seed_may_run_again_and_keeps_what_was_changed(serve):
    with serve() as database:
        assert seed(database).returncode == 0
        database.rows("UPDATE test.ratings SET Rating = 1 WHERE ReviewID = 2")
        again = seed(database)
        assert again.returncode == 0, again.stderr
        assert database.rows("SELECT * FROM test.ratings ORDER BY ReviewID") == [["1", "5"], ["2", "1"]]


def test_an_sql_error_in_the_seed_is_told(serve, tmp_path):
    wrong = tmp_path / "wrong.sql"
    wrong.write_text("SELECT nonsense;")
    with serve() as database:
        done = seed(database, wrong)
        assert done.returncode != 0
        assert "Unknown column 'nonsense'" in done.stderr


def test_a_seed_whose_database_never_answers_ends_and_says_so():
    done = seed(Database(None, 3399), SEED_SECONDS="1")
    assert done.returncode == 1
    assert "127.0.0.1:3399 did not answer in time" in done.stderr


def test_a_seed_waits_for_a_database_that_is_starting(serve):
    waiting = subprocess.Popen(
        ["seed", SEED],
        env={
            **os.environ,
            "MYSQL_DB_HOST": "127.0.0.1",
            "MYSQL_DB_PORT": "3306",
            "MYSQL_DB_USER": "root",
            "MYSQL_DB_PASSWORD": ROOT,
        },
    )
    with serve() as database:
        assert waiting.wait(timeout=20) == 0
        assert database.rows("SELECT COUNT(*) FROM test.ratings") == [["2"]]


def test_the_reader_may_read_its_database_and_nothing_else(serve):
    with serve() as database:
        seed(database)
        reader = {"user": "reader", "password": READER}
        assert database.rows("SELECT Rating FROM test.ratings WHERE ReviewID = 1", **reader) == [["5"]]
        for refused in (
            "DELETE FROM test.ratings",
            "SELECT * FROM mysql.user",
            "CREATE TABLE test.x (i INT)",
        ):
            assert "denied" in database.ask(refused, **reader).stderr, refused


def test_nobody_enters_without_a_password(serve):
    with serve() as database:
        for user in ("root", "reader", "", "mysql"):
            assert "Access denied" in database.ask("SELECT 1", user=user, password="").stderr, user


def test_it_ends_cleanly_on_sigterm_and_keeps_its_rows(serve):
    with serve() as database:
        seed(database)
        database.rows("UPDATE test.ratings SET Rating = 3")
        assert database.stop() == 0
        changed = "another"
        again = subprocess.Popen(["serve"], env={**os.environ, "MYSQL_ROOT_PASSWORD": changed})
        try:
            second = Database(again, 3306)
            wait_for(second, changed)
            assert second.rows("SELECT DISTINCT Rating FROM test.ratings", password=changed) == [["3"]]
            assert second.stop() == 0
        finally:
            again.kill()
            again.wait()


def test_a_start_that_was_killed_half_way_is_begun_again(serve):
    (DATA / "begun").touch()
    (DATA / "aria_log_control").write_text("half")
    with serve() as database:
        assert database.rows("SELECT 1") == [["1"]]


@pytest.mark.parametrize("name", ["letters/first.txt", ".hidden"])
def test_a_folder_with_files_of_somebody_else_is_refused_and_stays_as_it_is(name):
    foreign = DATA / name
    foreign.parent.mkdir(exist_ok=True)
    foreign.write_text("dear reader")
    before = sorted(DATA.rglob("*"))
    done = subprocess.run(
        ["serve"],
        env={**os.environ, "MYSQL_ROOT_PASSWORD": ROOT},
        capture_output=True,
        text=True,
        timeout=10,
        check=False,
    )
    assert done.returncode == 1
    assert "/var/lib/mysql holds files that are not ours" in done.stderr
    assert sorted(DATA.rglob("*")) == before
    assert foreign.read_text() == "dear reader"


def test_sigterm_while_the_database_is_made_ends_it_soon():
    process = subprocess.Popen(
        ["serve"], env={**os.environ, "MYSQL_ROOT_PASSWORD": ROOT}, start_new_session=True
    )
    while not any(DATA.iterdir()):
        time.sleep(0.01)
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=5) == 143
    # In a pod its children end with it: it is their process 1.
    os.killpg(process.pid, signal.SIGKILL)


@pytest.mark.parametrize(
    ("env", "missing"),
    [
        ({}, "MYSQL_ROOT_PASSWORD"),
        ({"MYSQL_ROOT_PASSWORD": "x", "MYSQL_USER": "reader"}, "MYSQL_PASSWORD"),
        ({"MYSQL_ROOT_PASSWORD": "x", "MYSQL_USER": "reader", "MYSQL_PASSWORD": "y"}, "MYSQL_DATABASE"),
    ],
)
def test_what_is_missing_is_named(env, missing):
    done = subprocess.run(
        ["serve"], env={**os.environ, **env}, capture_output=True, text=True, timeout=10, check=False
    )
    assert done.returncode != 0
    assert missing in done.stderr


def test_a_new_database_begins_with_the_files_of_its_folder(serve):
    FIRST.write_text(SEED.read_text())
    try:
        with serve() as database:
            reader = {"user": "reader", "password": READER}
            assert database.rows("SELECT COUNT(*) FROM test.ratings", **reader) == [["2"]]
    finally:
        FIRST.unlink()


def test_it_is_healthy_once_it_answers(serve):
    def healthy() -> bool:
        env = {**os.environ, "MYSQL_ROOT_PASSWORD": ROOT}
        return subprocess.run(["healthy"], env=env, capture_output=True, check=False).returncode == 0

    assert not healthy()
    with serve():
        assert healthy()


def test_memory_stays_small(serve):
    with serve() as database:
        seed(database)
        status = Path(f"/proc/{database.process.pid}/status").read_text()
        kib = int(status.split("VmRSS:")[1].split()[0])
        assert kib < 150 * 1024, f"{kib >> 10} MiB"
