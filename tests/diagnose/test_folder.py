import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from meshproof.diagnose.folder import (
    FAILURES,
    FILE_BYTES,
    FOLDER_BYTES,
    RUN_BYTES,
    Folder,
    claim,
)


@pytest.fixture
def folder(tmp_path):
    return Folder(tmp_path)


def size(path):
    return sum(file.stat().st_size for file in path.iterdir())


def test_each_failure_has_a_folder_named_after_its_behaviour(tmp_path):
    claimed = [claim(tmp_path, behaviour) for behaviour in ("TM-01", "SE-01", "TM-01")]
    assert [path.name for path in claimed] == ["TM-01-1", "SE-01-1", "TM-01-2"]
    assert all(path.is_dir() for path in claimed)


def test_run_has_ten_of_them_whoever_asks(tmp_path):
    with ThreadPoolExecutor(8) as workers:
        claimed = list(workers.map(lambda _: claim(tmp_path, "TM-01"), range(3 * FAILURES)))
    made = [path for path in claimed if path is not None]
    assert len(set(made)) == len(made) == FAILURES
    assert sorted(path.name for path in (tmp_path / "diagnostics").iterdir()) == sorted(
        path.name for path in made
    )


def test_log_that_is_too_long_keeps_its_end_and_says_so(folder, tmp_path):
    folder.text("a.log", "".join(f"line {number}\n" for number in range(20_000)), end=True)
    text = (tmp_path / "a.log").read_text()
    first, *_, last = text.splitlines()
    assert first.startswith("[cut: the first ")
    assert first.endswith("bytes are left out]")
    assert last == "line 19999"
    assert (tmp_path / "a.log").stat().st_size <= FILE_BYTES
    assert folder.written[0].left_out > 0


def test_document_that_is_too_long_keeps_its_beginning_and_says_so(folder, tmp_path):
    folder.document("a.json", {"first": 1, "rest": ["ä" * 1000] * 100})
    text = (tmp_path / "a.json").read_text()
    assert text.startswith('{\n "first": 1')
    assert text.splitlines()[-1].startswith("[cut: the last ")
    assert (tmp_path / "a.json").stat().st_size <= FILE_BYTES


def test_folder_never_grows_beyond_its_share(folder, tmp_path):
    for number in range(12):
        folder.text(f"{number}.log", "some words\n" * (FILE_BYTES // 11 + 1), end=number % 2 == 0)
    folder.close("y" * FILE_BYTES)
    assert size(tmp_path) <= FOLDER_BYTES
    assert FAILURES * FOLDER_BYTES <= RUN_BYTES
    assert folder.written[-1].left_out or folder.written[0].left_out


def test_short_text_is_kept_as_it_is(folder, tmp_path):
    folder.text("a.txt", "all of it\n")
    assert (tmp_path / "a.txt").read_text() == "all of it\n"
    assert folder.written[0].left_out == 0


def test_nothing_is_written_unhidden(folder, tmp_path):
    folder.knows(["kanarienvogel"])
    folder.text("a.txt", "authorization: Bearer abcdefghij and kanarienvogel")
    folder.document("a.json", {"password": "abcdefghij", "text": "kanarienvogel"})
    folder.close("kanarienvogel")
    text = "".join(file.read_text() for file in tmp_path.iterdir())
    assert "abcdefghij" not in text
    assert "kanarienvogel" not in text
    assert json.loads((tmp_path / "a.json").read_text()) == {"password": "(hidden)", "text": "(hidden)"}


def test_what_comes_after_the_summary_comes_too_late(folder, tmp_path):
    folder.close("done\n")
    folder.text("late.txt", "x")
    assert [file.name for file in tmp_path.iterdir()] == ["summary.txt"]
