"""Tasks on this machine's cores by Dask distributed: single-threaded worker processes, on the loopback only.

The driver keeps no more tasks in flight than workers are alive. So a worker holds one task, and a worker that
dies points at the task that killed it. Such a task may cost `DEATHS_ALLOWED` workers more, then it is set
aside with its reason. Reference: Dask distributed, https://distributed.dask.org.
"""

import logging
import multiprocessing
import queue
import secrets
import tempfile
import time
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from multiprocessing import resource_tracker
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, Final

import dask
from distributed import Client, KilledWorker, LocalCluster

from passband.errors import UserError
from passband.execution.dask_settings import SETTINGS, WORKER_ENVIRONMENT
from passband.execution.interruption import children_without_signals, environment, undisturbed
from passband.execution.tasks import Outcome, Task, perform, reason_of
from passband.execution.worker_output import WorkerOutput
from passband.execution.workers import usable_memory_bytes

START_TIMEOUT_S: Final = 300.0
"""How long the first worker may take to import everything [s]."""
PATIENCE_S: Final = 120.0
"""How long the driver waits without any live worker before it gives up [s]."""
DEATHS_ALLOWED: Final = 2
"""How many workers a task may cost and still be tried again; the next death sets it aside."""
_POLL_S: Final = 0.5
_CLOSE_S: Final = 30.0
_HURRY_S: Final = 3.0


class DaskExecutor:
    """Runs tasks on a local Dask cluster; one iteration over outcomes at a time."""

    def __init__(self, client: Client, cluster: LocalCluster, patience_s: float = PATIENCE_S) -> None:
        """patience_s: how long to wait without any live worker [s]."""
        self._client, self._cluster, self._patience_s = client, cluster, patience_s

    def outcomes(self, tasks: Iterable[Task]) -> Iterator[Outcome]:
        """One outcome per task, as they end. Raises UserError when no worker is alive for too long."""
        flight = _Flight(self._client, deque(tasks))
        alive_at = time.monotonic()
        while flight.waiting or flight.flying:
            alive = self._live_workers()
            alive_at = time.monotonic() if alive else self._patient(alive_at)
            flight.launch(up_to=alive)
            with suppress(queue.Empty):
                future = flight.landed.get(timeout=_POLL_S)
                task = flight.flying.pop(future)
                flight.launch(up_to=self._live_workers())  # the worker need not wait for what follows
                outcome = flight.outcome(task, future)
                if outcome is not None:
                    yield outcome

    def _live_workers(self) -> int:
        return len(self._cluster.scheduler.workers)

    def _patient(self, alive_at: float) -> float:
        if time.monotonic() - alive_at > self._patience_s:
            raise UserError(
                f"no worker has been alive for {self._patience_s:.0f} s; "
                "see the folder logs, then run the same command again with fewer workers"
            )
        return alive_at


class _Flight:
    """Tasks of one iteration: waiting in the driver, flying (given to Dask), landed (ended there)."""

    def __init__(self, client: Client, waiting: deque[Task]) -> None:
        self.waiting, self.flying = waiting, dict[Any, Task]()
        self.landed: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._client = client
        self._deaths: Counter[str] = Counter()

    def launch(self, up_to: int) -> None:
        """Give tasks to Dask until so many are flying."""
        while self.waiting and len(self.flying) < up_to:
            task = self.waiting.popleft()
            key = f"{task.stage}-{task.key}-{secrets.token_hex(8)}"  # or Dask may give an older result again
            future = self._client.submit(perform, task, key=key, pure=False)
            self.flying[future] = task
            future.add_done_callback(self.landed.put)

    def outcome(self, task: Task, future: Any) -> Outcome | None:
        """How the task ended; None when it lost its worker and waits for another one."""
        error = future.exception()
        if error is None:
            outcome: Outcome = future.result()
            return outcome
        if not isinstance(error, KilledWorker):
            return Outcome(task, 0.0, reason=reason_of(error))
        self._deaths[task.key] += 1
        if self._deaths[task.key] <= DEATHS_ALLOWED:
            self.waiting.append(task)
            return None
        died = f"its worker died {self._deaths[task.key]} times (out of memory, or a crash)"
        return Outcome(task, 0.0, reason=died)


@contextmanager
def open_dask(workers: int, logs: Path | None) -> Iterator[DaskExecutor]:
    """A cluster of so many worker processes for the block; after an error its workers are ended at once.

    logs: folder for what the workers print; None drops it. Raises UserError when no worker comes up.
    """
    if logs is not None:
        logs.mkdir(parents=True, exist_ok=True)
    scratch = tempfile.TemporaryDirectory(prefix="passband-", ignore_cleanup_errors=True)
    with dask.config.set(SETTINGS), environment(WORKER_ENVIRONMENT), _quiet(), scratch as local_directory:
        foreign = set(multiprocessing.active_children())
        resource_tracker.ensure_running()  # or it would release the signals that are held next
        with ExitStack() as held:
            held.enter_context(children_without_signals())
            cluster = _empty_cluster(logs, local_directory, usable_memory_bytes() // workers)
            client = Client(cluster, set_as_default=False)
            hurry = True
            try:
                held.close()
                cluster.scale(workers)
                _wait_for_worker(client)
                yield DaskExecutor(client, cluster)
                hurry = False
            finally:
                _close(client, cluster, foreign if hurry else None)


def _empty_cluster(logs: Path | None, local_directory: str, memory_limit_bytes: int) -> LocalCluster:
    return LocalCluster(
        n_workers=0,
        threads_per_worker=1,
        processes=True,
        host="127.0.0.1",
        dashboard_address="127.0.0.1:0",
        worker_dashboard_address=None,
        scheduler_kwargs={"dashboard": False},
        local_directory=local_directory,
        memory_limit=memory_limit_bytes,
        silence_logs=logging.CRITICAL,
        plugins=(WorkerOutput(logs),),
    )


def _wait_for_worker(client: Client) -> None:
    try:
        client.wait_for_workers(1, timeout=START_TIMEOUT_S)
    except TimeoutError:
        raise UserError(
            f"no worker came up in {START_TIMEOUT_S:.0f} s; run again with fewer workers"
        ) from None


def _close(client: Client, cluster: LocalCluster, spared: set[BaseProcess] | None) -> None:
    """Close within seconds; unless spared is None, end all children but these in the middle of their work."""
    with undisturbed():
        if spared is not None:
            cluster.shutdown_on_close = False  # or Dask would wait once more when the process ends
            _end_workers(cluster, spared)
        for part in (client, cluster):
            with suppress(Exception):
                part.close(timeout=_CLOSE_S if spared is None else _HURRY_S)
        if spared is not None:
            _end_workers(cluster, spared)


def _end_workers(cluster: LocalCluster, spared: set[BaseProcess]) -> None:
    for nanny in cluster.workers.values():
        nanny.close_gracefully()  # so that its worker is not started again
    for child in set(multiprocessing.active_children()) - spared:
        if child.name.startswith("Dask Worker"):
            child.kill()


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep what Dask tells its developers from the user's terminal."""
    loggers = [
        logging.getLogger(name) for name in ("distributed", "distributed.client", "tornado", "asyncio")
    ]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
