"""The ledger remembers what is done, exactly once, and says so when it cannot."""

import sqlite3
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passband.errors import UserError
from passband.storage.ledger import Failure, Ledger, StageSummary


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.sqlite"


def test_what_was_recorded_is_there_after_reopening(path: Path) -> None:
    with Ledger(path) as ledger:
        ledger.record_done("a", "waves", 1.5, {"atoms": 3})
        ledger.record_done("b", "train", 2.0, {})
        ledger.record_failed("c", "train", 0.5, "loss is not a number", "Traceback …")
    with Ledger(path) as ledger:
        assert [ledger.is_done(key) for key in "abcd"] == [True, True, False, False]
        assert ledger.done_keys("train") == {"b"}
        assert ledger.results("waves") == {"a": {"atoms": 3}}
        assert ledger.failures() == [Failure("c", "train", "loss is not a number", "Traceback …")]
        assert ledger.failures("waves") == []
        assert ledger.summary() == {"waves": StageSummary(1, 0, 1.5), "train": StageSummary(1, 1, 2.5)}


def test_a_key_has_one_row_and_the_last_record_counts(path: Path) -> None:
    with Ledger(path) as ledger:
        ledger.record_failed("a", "train", 1.0, "out of memory")
        ledger.record_done("a", "train", 2.0, {})
        assert ledger.summary() == {"train": StageSummary(1, 0, 2.0)}
        assert ledger.failures() == []
        ledger.forget(["a", "never seen"])
        assert not ledger.is_done("a")


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.booleans()), max_size=20))
def test_done_and_failed_add_up_to_the_keys_recorded(records: list[tuple[str, bool]]) -> None:
    with Ledger(Path(":memory:")) as ledger:
        for key, done in records:
            if done:
                ledger.record_done(key, "s", 0.0, {})
            else:
                ledger.record_failed(key, "s", 0.0, "why")
        last = dict(records)
        assert ledger.done_keys("s") == {key for key, done in last.items() if done}
        assert [failure.key for failure in ledger.failures()] == sorted(
            k for k, done in last.items() if not done
        )


def test_a_result_that_is_not_plain_data_is_not_recorded(path: Path) -> None:
    with Ledger(path) as ledger:
        for result in ({"x": float("nan")}, {"x": object()}):
            with pytest.raises((ValueError, TypeError)):
                ledger.record_done("a", "s", 0.0, result)
        assert not ledger.is_done("a")


def test_an_interruption_in_the_middle_of_a_record_leaves_nothing_of_it(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Ledger(path) as ledger:

        class Interrupting:
            """Stands in for the connection; a Ctrl-C arrives between the row and the commit."""

            @property
            def in_transaction(self) -> bool:
                return real.in_transaction

            def executemany(self, text: str, rows: object) -> object:
                return real.executemany(text, rows)

            def close(self) -> None:
                real.close()

            def execute(self, text: str, *values: object) -> object:
                if text == "COMMIT":
                    raise KeyboardInterrupt
                return real.execute(text, *values)

        real = ledger._connection
        monkeypatch.setattr(ledger, "_connection", Interrupting())
        with pytest.raises(KeyboardInterrupt):
            ledger.record_done("a", "s", 0.0, {})
        monkeypatch.setattr(ledger, "_connection", real)
        assert not ledger.is_done("a")
        ledger.record_done("b", "s", 0.0, {})
    with Ledger(path) as ledger:
        assert ledger.done_keys("s") == {"b"}


def test_a_full_disk_is_told_and_the_ledger_goes_on_when_there_is_room(path: Path) -> None:
    """SQLite's own limit on the number of pages gives the error of a full disk."""
    with Ledger(path) as ledger:
        ledger.record_done("a", "s", 0.0, {})
        (pages,) = ledger._connection.execute("PRAGMA page_count").fetchone()
        ledger._connection.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(UserError, match=r"no space left while writing .*; free some and run the same"):
            ledger.record_failed("b", "s", 0.0, "why", "x" * 100_000)
        ledger._connection.execute("PRAGMA max_page_count = 100000")
        assert ledger.done_keys("s") == {"a"}
        ledger.record_done("b", "s", 0.0, {})
    with Ledger(path) as ledger:
        assert ledger.done_keys("s") == {"a", "b"}


def test_a_file_that_is_no_ledger_is_refused(path: Path, tmp_path: Path) -> None:
    path.write_bytes(b"not a database, but long enough to be looked at" * 100)
    with pytest.raises(UserError, match=r"ledger.sqlite is damaged .*move it away"):
        Ledger(path)
    other = tmp_path / "other.sqlite"
    connection = sqlite3.connect(other)
    connection.execute("CREATE TABLE theirs (x)")
    connection.close()
    with pytest.raises(UserError, match="no ledger of this version"):
        Ledger(other)
    with pytest.raises(UserError, match=r"unable to open .*mend this"):
        Ledger(tmp_path / "no" / "folder.sqlite")


def test_a_ledger_with_overwritten_pages_is_refused(path: Path) -> None:
    with Ledger(path) as ledger:
        for number in range(200):
            ledger.record_done(f"key{number}", "s", 0.0, {"filler": "x" * 100})
    data = bytearray(path.read_bytes())
    data[8192:16384] = bytes(8192)
    path.write_bytes(data)
    with pytest.raises(UserError, match="is damaged"):
        Ledger(path)


def test_a_log_that_outlived_its_ledger_is_not_replayed(path: Path) -> None:
    """The user moves a damaged ledger away, but not the log beside it."""
    ledger = Ledger(path)
    ledger.record_done("old", "s", 0.0, {})
    log = path.with_name(path.name + "-wal").read_bytes()
    ledger.close()
    path.unlink()
    path.with_name(path.name + "-wal").write_bytes(log)
    with Ledger(path) as ledger:
        assert not ledger.is_done("old")


def test_another_reader_sees_the_ledger_while_it_is_written(path: Path) -> None:
    with Ledger(path) as ledger:
        ledger.record_done("a", "s", 0.0, {})
        seen: list[frozenset[str]] = []

        def read() -> None:
            with Ledger(path) as other:
                seen.append(other.done_keys("s"))

        reader = threading.Thread(target=read)
        reader.start()
        reader.join()
        assert seen == [{"a"}]


def test_what_is_recorded_together_is_there_together_or_not_at_all(path: Path) -> None:
    class Stopped(Exception):  # noqa: N818 - it stands for Ctrl-C
        pass

    def stopped_after_two(ledger: Ledger) -> None:
        with ledger.together():
            ledger.record_done("a", "s", 0.0, {})
            ledger.record_failed("b", "s", 0.0, "it diverged")
            raise Stopped

    with Ledger(path) as ledger:
        with pytest.raises(Stopped):
            stopped_after_two(ledger)
        assert ledger.summary() == {}
        with ledger.together():
            ledger.record_done("a", "s", 0.0, {})
            ledger.record_failed("b", "s", 0.0, "it diverged")
        assert ledger.summary() == {"s": StageSummary(1, 1, 0.0)}


def test_a_ledger_adopts_what_was_found_and_absorbs_a_stage_of_another(path: Path, tmp_path: Path) -> None:
    with Ledger(path) as ledger, Ledger(tmp_path / "other.sqlite") as other:
        ledger.adopt(["a", "b"], "s")
        other.record_failed("c", "s", 1.0, "it diverged")
        other.record_done("d", "another", 1.0, {})
    with Ledger(path) as ledger:
        ledger.absorb(tmp_path / "other.sqlite", "s")
        assert ledger.done_keys("s") == {"a", "b"}
        assert [each.key for each in ledger.failures()] == ["c"]
        assert ledger.done_keys("another") == frozenset()
