"""A task: a function and a few small values under a key. It runs anywhere, returns a few bytes or a reason.

A task is idempotent: it stores what it makes under its own key, and running it twice leaves the same as
running it once. So a task may be lost with its worker, or run again after a kill, and nothing has to be
cleaned up.
"""

import errno
import json
import os
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from passband.errors import UserError

DEVICE_VARIABLE: Final = "PASSBAND_DEVICE"
"""Environment variable of a worker: the device on which its tasks compute, cpu where it is not set."""
_LONGEST_REASON: Final = 300
_DISK_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT})


@dataclass(frozen=True)
class Task:
    """One piece of work.

    key: its content id, unique in a run. stage: the stage it belongs to. function: importable by name, gives
    a few bytes of plain data with finite numbers, or None; under "failed" it may name keys that failed, with
    [reason, details]. arguments: small values that can be sent to other processes. members: the tasks that this
    one does together, since they share what is dear; each is recorded under its own key, and runs alone when
    together they have cost a worker.
    Raises ValueError for a function that another process cannot import.
    """

    key: str
    stage: str
    function: Callable[..., Mapping[str, Any] | None]
    arguments: tuple[Any, ...] = ()
    members: tuple["Task", ...] = ()

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys that are recorded."""
        return tuple(member.key for member in self.members) or (self.key,)

    def __post_init__(self) -> None:
        if "<" in getattr(self.function, "__qualname__", "<none>"):
            raise ValueError(f"the function of task {self.key} cannot be imported by name: {self.function}")


@dataclass(frozen=True)
class Outcome:
    """How a task ended: with a result, or with a reason in one line and the details for the engineer.

    seconds: duration of the work itself [s]. disk_full: the reason concerns the whole run, not this task.
    """

    task: Task
    seconds: float
    result: Mapping[str, Any] = field(default_factory=dict)
    reason: str | None = None
    details: str = ""
    disk_full: bool = False

    def failures(self) -> dict[str, tuple[str, str]]:
        """Reason and details of every key of the task that failed."""
        if self.reason is not None:
            return dict.fromkeys(self.task.keys, (self.reason, self.details))
        return {key: (reason, details) for key, (reason, details) in self.result.get("failed", {}).items()}


class Executor(Protocol):
    """Where tasks run."""

    def outcomes(self, tasks: Iterable[Task]) -> Iterator[Outcome]:
        """Run the tasks; one outcome per task, as they end, in any order."""
        ...


def own_device() -> str:
    """The device on which tasks compute in this process: "cpu", or "cuda" for the one GPU that it sees."""
    return os.environ.get(DEVICE_VARIABLE, "cpu")


def perform(task: Task) -> Outcome:
    """Run a task here; an error becomes an outcome with its reason, only an interruption comes through."""
    started = time.perf_counter()
    try:
        result = dict(task.function(*task.arguments) or {})
        json.dumps(result, allow_nan=False)  # what cannot be recorded is this task's failure, not the run's
    except Exception as error:
        return Outcome(
            task,
            time.perf_counter() - started,
            reason=reason_of(error),
            details=traceback.format_exc(),
            disk_full=is_disk_full(error),
        )
    return Outcome(task, time.perf_counter() - started, result)


def reason_of(error: BaseException) -> str:
    """An error in one line: the sentence of a UserError, else its type and the first line of its message."""
    first = (str(error).strip().splitlines() or [""])[0]
    told = first if isinstance(error, UserError) else f"{type(error).__name__}: {first}".removesuffix(": ")
    return told if len(told) <= _LONGEST_REASON else told[:_LONGEST_REASON] + "…"


def is_disk_full(error: BaseException | None) -> bool:
    """Whether an error, or what led to it, is a full disk: no fault of the task, and every other one will meet it."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in _DISK_FULL:
            return True
        error = error.__cause__ or error.__context__
    return False
