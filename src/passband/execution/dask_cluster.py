"""Tasks on this machine's cores by Dask distributed: single-threaded worker processes, on the loopback only.

They end with the driver, however it ends. Reference: Dask distributed, https://distributed.dask.org.
"""

import logging
import multiprocessing
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from multiprocessing import resource_tracker
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Final

import dask
from distributed import Client, LocalCluster

from passband.errors import UserError
from passband.execution.dask_executor import DaskExecutor
from passband.execution.dask_settings import SETTINGS, WORKER_ENVIRONMENT, quiet
from passband.execution.interruption import children_without_signals, environment, undisturbed
from passband.execution.worker_output import WorkerOutput
from passband.execution.workers import usable_memory_bytes

START_TIMEOUT_S: Final = 300.0
"""How long the first worker may take to import everything [s]."""
_CLOSE_S: Final = 30.0
_HURRY_S: Final = 3.0


@contextmanager
def open_dask(workers: int, logs: Path | None) -> Iterator[DaskExecutor]:
    """A cluster of so many worker processes for the block; after an error its workers are ended at once.

    logs: folder for what the workers print; None drops it. Raises UserError when no worker comes up.
    """
    if logs is not None:
        logs.mkdir(parents=True, exist_ok=True)
    scratch = tempfile.TemporaryDirectory(prefix="passband-", ignore_cleanup_errors=True)
    with dask.config.set(SETTINGS), environment(WORKER_ENVIRONMENT), quiet(), scratch as local_directory:
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
                yield DaskExecutor(client, lambda: len(cluster.scheduler.workers))
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
