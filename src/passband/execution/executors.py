"""Where tasks run: in this process, by Dask on this machine, or on a cluster. The choice is data."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from passband.execution.interruption import interruptible
from passband.execution.tasks import Executor, Outcome, Task, perform
from passband.execution.workers import default_workers
from passband.records import Record


class ExecutorSpec(Record):
    """The choice of an executor.

    workers: of this machine; None for one per usable core. scheduler_file: of a running scheduler, for the executor
    of that name only; its workers are those that have joined it.
    """

    name: Literal["inline", "dask", "scheduler-file"] = "dask"
    workers: int | None = Field(default=None, ge=1, le=1024)
    scheduler_file: str | None = None

    @model_validator(mode="after")
    def _file_belongs_to_its_executor(self) -> Self:
        if (self.name == "scheduler-file") != (self.scheduler_file is not None):
            raise ValueError("the executor scheduler-file and the option --scheduler-file belong together")
        return self

    @property
    def worker_count(self) -> int:
        """Number of processes that work at the same time, as far as it is known before they are asked."""
        return 1 if self.name == "inline" else self.workers or default_workers()


class InlineExecutor:
    """Runs one task after the other in this process: for tests, debugging and the smallest runs."""

    def outcomes(self, tasks: Iterable[Task]) -> Iterator[Outcome]:
        """One outcome per task, in order."""
        return map(perform, tasks)


@contextmanager
def open_executor(spec: ExecutorSpec, logs: Path | None = None) -> Iterator[Executor]:
    """An executor for the block; keep it open over all stages of a run, since starting workers takes seconds.

    logs: folder for what the workers print; None drops it. Ctrl-C and SIGTERM in the block end the workers
    and raise `Interrupted`; UserError when no worker comes up.
    """
    with interruptible():
        if spec.name == "inline":
            yield InlineExecutor()
            return
        if spec.scheduler_file is not None:
            from passband.execution.dask_remote import open_scheduler_file

            with open_scheduler_file(Path(spec.scheduler_file)) as executor:
                yield executor
            return
        from passband.execution.dask_cluster import open_dask  # takes a second to import

        with open_dask(spec.worker_count, logs) as executor:
            yield executor
