"""Running a stage: skip what is done, run the rest, record every outcome; planned = done + failed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from passband.errors import UserError
from passband.execution.progress import Silent, Watcher
from passband.execution.tasks import Executor, Outcome, Task


class Journal(Protocol):
    """The memory of a run, such as `passband.storage.ledger.Ledger`; called by the driver only."""

    def done_keys(self, stage: str) -> frozenset[str]:
        """Keys of the tasks of a stage that are done."""
        ...

    def record_done(self, key: str, stage: str, seconds: float, result: Mapping[str, Any]) -> None:
        """Record, durably, that a task is done."""
        ...

    def record_failed(self, key: str, stage: str, seconds: float, reason: str, details: str = "") -> None:
        """Record, durably, that a task failed and why."""
        ...


@dataclass(frozen=True)
class RunCount:
    """Numbers of tasks: planned = done + failed; ``already`` of the done ones were done before."""

    planned: int
    done: int
    failed: int
    already: int


def run_tasks(
    tasks: Sequence[Task], executor: Executor, journal: Journal, watcher: Watcher | None = None
) -> RunCount:
    """Run the tasks that are not done yet and record each outcome when it comes.

    A task that fails is recorded with its reason, and the rest goes on; it is tried again by the next run.
    Raises UserError when the disk is full (nothing is recorded as failed for that), ValueError when two
    tasks have one key.
    """
    if len({task.key for task in tasks}) != len(tasks):
        raise ValueError("two tasks of a run have the same key")
    watcher = watcher or Silent()
    stages = {task.stage for task in tasks}
    done_before = frozenset[str]().union(*(journal.done_keys(stage) for stage in stages))
    left = [task for task in tasks if task.key not in done_before]
    total, to_do = (sum(task.units for task in some) for some in (tasks, left))
    failed = ended = 0
    watcher.begin(total, total - to_do)
    try:
        for outcome in executor.outcomes(left):
            _record(outcome, journal)
            ended += 1
            failed += outcome.reason is not None
            watcher.advance(outcome.task.units, outcome.reason is not None)
    finally:
        watcher.end()
    if ended != len(left):
        raise RuntimeError(f"{len(left)} tasks were given to the executor and {ended} came back")
    return RunCount(len(tasks), len(tasks) - failed, failed, len(tasks) - len(left))


def _record(outcome: Outcome, journal: Journal) -> None:
    task = outcome.task
    if outcome.reason is None:
        journal.record_done(task.key, task.stage, outcome.seconds, outcome.result)
    elif outcome.disk_full:
        raise UserError(outcome.reason)
    else:
        journal.record_failed(task.key, task.stage, outcome.seconds, outcome.reason, outcome.details)
