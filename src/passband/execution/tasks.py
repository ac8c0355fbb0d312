"""A task: a function and a few small values under a key. It runs anywhere, returns a few bytes or a reason.

A task is idempotent: it stores what it makes under its own key, and running it twice leaves the same as
running it once. So a task may be lost with its worker, or run again after a kill, and nothing has to be
cleaned up.
"""

import errno
import json
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from passband.errors import UserError

_LONGEST_REASON: Final = 300
_DISK_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT})


@dataclass(frozen=True)
class Task:
    """One piece of work.

    key: its content id, unique in a run. stage: the stage it belongs to. function: importable by name, gives
    a few bytes of plain data with finite numbers, or None. arguments: small values that can be sent to other
    processes. units: how many of the things that the stage counts it makes, for the progress only.
    Raises ValueError for a function that another process cannot import.
    """

    key: str
    stage: str
    function: Callable[..., Mapping[str, Any] | None]
    arguments: tuple[Any, ...] = ()
    units: int = 1

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


class Executor(Protocol):
    """Where tasks run."""

    def outcomes(self, tasks: Iterable[Task]) -> Iterator[Outcome]:
        """Run the tasks; one outcome per task, as they end, in any order."""
        ...


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
            disk_full=_is_disk_full(error),
        )
    return Outcome(task, time.perf_counter() - started, result)


def reason_of(error: BaseException) -> str:
    """An error in one line: the sentence of a UserError, else its type and the first line of its message."""
    first = (str(error).strip().splitlines() or [""])[0]
    told = first if isinstance(error, UserError) else f"{type(error).__name__}: {first}".removesuffix(": ")
    return told if len(told) <= _LONGEST_REASON else told[:_LONGEST_REASON] + "…"


def _is_disk_full(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, OSError) and error.errno in _DISK_FULL:
            return True
        error = error.__cause__ or error.__context__
    return False
