"""Running a stage: skip what is done, run the rest, record every outcome; planned = done + failed."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Final, Protocol

from passband.errors import UserError
from passband.execution.progress import Silent, Watcher
from passband.execution.tasks import Executor, Outcome, Task


class Journal(Protocol):
    """The memory of a run, such as `passband.storage.ledger.Ledger`; called by the driver only."""

    def done_keys(self, stage: str) -> frozenset[str]:
        """Keys of the tasks of a stage that are done."""
        ...

    def together(self) -> AbstractContextManager[None]:
        """A block whose records are made durable at once."""
        ...

    def record_done(self, key: str, stage: str, seconds: float, result: Mapping[str, Any]) -> None:
        """Record, durably, that a task is done."""
        ...

    def record_failed(self, key: str, stage: str, seconds: float, reason: str, details: str = "") -> None:
        """Record, durably, that a task failed and why."""
        ...


@dataclass(frozen=True)
class RunCount:
    """Numbers of keys: planned = done + failed; ``already`` of the done ones were done before."""

    planned: int
    done: int
    failed: int
    already: int


NOTHING: Final = RunCount(0, 0, 0, 0)
"""No keys at all."""


def run_tasks(
    tasks: Sequence[Task],
    executor: Executor,
    journal: Journal,
    watcher: Watcher | None = None,
    before: RunCount = NOTHING,
) -> RunCount:
    """Run the tasks that are not done yet and record each outcome when it comes.

    before: keys of the stage that are settled and not among the tasks; they count. A task that fails is recorded
    with its reason, and the rest goes on. Raises UserError when the disk is full (nothing is recorded as failed
    for that), ValueError when two tasks have one key.
    """
    keys = [key for task in tasks for key in task.keys]
    if len(set(keys)) != len(keys):
        raise ValueError("two tasks of a run have the same key")
    watcher = watcher or Silent()
    done_before = frozenset[str]().union(
        *(journal.done_keys(stage) for stage in {task.stage for task in tasks})
    )
    left = [task for task in tasks if not done_before.issuperset(task.keys)]
    to_do = sum(len(task.keys) for task in left)
    already = before.already + len(keys) - to_do
    failed, ended = before.failed, 0
    watcher.begin(before.planned + len(keys), already, before.failed)
    try:
        for outcome in executor.outcomes(left):
            failures = _record(outcome, journal)
            ended += len(outcome.task.keys)
            failed += failures
            watcher.advance(len(outcome.task.keys) - failures, failures)
    finally:
        watcher.end()
    if ended != to_do:
        raise RuntimeError(f"{to_do} keys were given to the executor and {ended} came back")
    planned = before.planned + len(keys)
    return RunCount(planned, planned - failed, failed, already)


def _record(outcome: Outcome, journal: Journal) -> int:
    """Record every key of a task; returns how many failed."""
    task, failures = outcome.task, outcome.failures()
    if outcome.disk_full:
        raise UserError(str(outcome.reason))
    seconds = outcome.seconds / len(task.keys)
    told = {name: value for name, value in outcome.result.items() if name != "failed"}
    with journal.together():
        for key in task.keys:
            if key in failures:
                journal.record_failed(key, task.stage, seconds, *failures[key])
            else:
                journal.record_done(key, task.stage, seconds, told)
    return len(failures)
