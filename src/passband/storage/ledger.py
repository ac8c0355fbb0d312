"""The ledger: what is done and what has failed, in SQLite, written by the driver only.

Every record is one transaction, synchronised to the disk before the call returns: after a kill at any
moment, what was recorded is there and nothing is half there. A key has one row; done replaces failed, and a
later failure replaces it.
Reference: SQLite's write-ahead log, https://www.sqlite.org/wal.html.
"""

import json
import sqlite3
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from passband.errors import UserError

VERSION: Final = 1
_APPLICATION: Final = int.from_bytes(b"PSBD", "big")
_OUTSIDE: Final = ("SQLITE_IOERR", "SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_BUSY", "SQLITE_PERM")
"""Errors that come from the disk or from other processes, not from what the file holds."""
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS tasks (
    key TEXT PRIMARY KEY,
    stage TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('done', 'failed')),
    seconds REAL NOT NULL,
    finished_at TEXT NOT NULL,
    result TEXT NOT NULL,
    reason TEXT NOT NULL,
    details TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS tasks_by_stage ON tasks (stage, status);
"""


@dataclass(frozen=True)
class StageSummary:
    """How far one stage is: numbers of tasks, and the seconds of work in them (of all workers together)."""

    done: int
    failed: int
    seconds: float


@dataclass(frozen=True)
class Failure:
    """A task that failed: why in one line, and the whole story for the engineer."""

    key: str
    stage: str
    reason: str
    details: str


class Ledger:
    """The tasks of one run folder. Open it in one process only; close it, or use it as a context."""

    def __init__(self, path: Path) -> None:
        """Open the ledger, or make a new one.

        Raises UserError when it is damaged, no ledger, or cannot be written.
        """
        self.path = path
        if not path.exists():  # a log that outlived its ledger would be replayed into the new one
            for suffix in ("-wal", "-shm"):
                path.with_name(path.name + suffix).unlink(missing_ok=True)
        with self._explained():
            self._connection = sqlite3.connect(path, timeout=10, isolation_level=None)
            try:
                self._prepare()
            except BaseException:
                self._connection.close()
                raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; a second call does nothing."""
        self._connection.close()

    def is_done(self, key: str) -> bool:
        """Whether the task of this key is recorded as done."""
        return bool(self._rows("SELECT 1 FROM tasks WHERE key = ? AND status = 'done'", key))

    def done_keys(self, stage: str) -> frozenset[str]:
        """Keys of all tasks of a stage that are done, in one query."""
        return frozenset(
            row[0] for row in self._rows("SELECT key FROM tasks WHERE stage = ? AND status = 'done'", stage)
        )

    def results(self, stage: str) -> dict[str, dict[str, Any]]:
        """What the done tasks of a stage returned, by key, sorted by key."""
        query = "SELECT key, result FROM tasks WHERE stage = ? AND status = 'done' ORDER BY key"
        with self._explained():
            return {key: json.loads(result) for key, result in self._rows(query, stage)}

    def summary(self) -> dict[str, StageSummary]:
        """How far every stage is, by stage, in the order in which the stages began."""
        query = """SELECT stage, sum(status = 'done'), sum(status = 'failed'), sum(seconds)
                   FROM tasks GROUP BY stage ORDER BY min(finished_at)"""
        return {
            stage: StageSummary(done, failed, seconds) for stage, done, failed, seconds in self._rows(query)
        }

    def failures(self, stage: str | None = None) -> list[Failure]:
        """The tasks recorded as failed, of one stage or of all, sorted by stage and key."""
        query = """SELECT key, stage, reason, details FROM tasks
                   WHERE status = 'failed' AND (? IS NULL OR stage = ?) ORDER BY stage, key"""
        return [Failure(*row) for row in self._rows(query, stage, stage)]

    def record_done(self, key: str, stage: str, seconds: float, result: Mapping[str, Any]) -> None:
        """Record that a task is done, durably.

        seconds: duration of the work [s]. result: a few bytes of plain data. Raises UserError when the disk
        is full.
        """
        self._record(key, stage, "done", seconds, (json.dumps(dict(result), allow_nan=False), "", ""))

    def record_failed(self, key: str, stage: str, seconds: float, reason: str, details: str = "") -> None:
        """Record that a task failed, durably.

        Reason: one line; details: a traceback. It is tried again next time.
        """
        self._record(key, stage, "failed", seconds, ("{}", reason, details))

    @contextmanager
    def together(self) -> Iterator[None]:
        """Make what is recorded in the block one transaction, which costs the disk no more than one record."""
        with self._explained(), self._transaction():
            yield

    def adopt(self, keys: Collection[str], stage: str) -> None:
        """Record tasks as done whose artefacts were found, say after a kill just before they were recorded."""
        rows = [(key, stage, "done", 0.0, datetime.now(UTC).isoformat(), "{}", "", "") for key in keys]
        self._write(rows)

    def absorb(self, other: Path, stage: str) -> None:
        """Take over what another ledger says of a stage. Raises UserError when that one is damaged or no ledger."""
        with Ledger(other) as theirs:
            self._write(theirs._rows("SELECT * FROM tasks WHERE stage = ?", stage))

    def forget(self, keys: Collection[str]) -> None:
        """Forget these tasks, so that they run again, say because what they made was found damaged."""
        with self._explained(), self._transaction():
            self._connection.executemany("DELETE FROM tasks WHERE key = ?", [(key,) for key in keys])

    def _record(self, key: str, stage: str, status: str, seconds: float, texts: tuple[str, str, str]) -> None:
        self._write([(key, stage, status, seconds, datetime.now(UTC).isoformat(), *texts)])

    def _write(self, rows: Collection[tuple[object, ...]]) -> None:
        with self._explained(), self._transaction():
            self._connection.executemany("INSERT OR REPLACE INTO tasks VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)

    def _rows(self, query: str, *values: object) -> list[Any]:
        with self._explained():
            return self._connection.execute(query, values).fetchall()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """All or nothing, also when an interruption arrives in the middle; inside another one, part of it."""
        inside_another = self._connection.in_transaction
        if inside_another:
            yield
            return
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise

    def _prepare(self) -> None:
        execute = self._connection.execute
        (application,) = execute("PRAGMA application_id").fetchone()
        (version,) = execute("PRAGMA user_version").fetchone()
        (tables,) = execute("SELECT count(*) FROM sqlite_master").fetchone()
        if tables and (application, version) != (_APPLICATION, VERSION):
            raise UserError(f"{self.path} is no ledger of this version of passband; give another run folder")
        if tables and execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
            raise self._damaged("its pages contradict each other")
        execute("PRAGMA journal_mode = WAL")
        execute("PRAGMA synchronous = FULL")
        if not tables:
            marks = f"PRAGMA application_id = {_APPLICATION}; PRAGMA user_version = {VERSION};"
            self._connection.executescript(f"BEGIN; {marks} {_SCHEMA} COMMIT;")

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except json.JSONDecodeError as error:
            raise self._damaged(str(error)) from error
        except sqlite3.DatabaseError as error:
            raise self._sentence(error) from error

    def _sentence(self, error: sqlite3.DatabaseError) -> UserError:
        name = getattr(error, "sqlite_errorname", "")
        if name == "SQLITE_FULL":
            return UserError(
                f"no space left while writing {self.path}; free some and run the same command again"
            )
        if name.startswith(_OUTSIDE):
            return UserError(f"{error} while writing {self.path}; mend this and run the same command again")
        return self._damaged(str(error))

    def _damaged(self, why: str) -> UserError:
        return UserError(
            f"the ledger {self.path} is damaged ({why}); move it away and run the same command again: "
            "what is stored beside it is found and kept"
        )
