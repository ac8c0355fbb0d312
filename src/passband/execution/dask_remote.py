"""Tasks on workers that somebody else has started, found through a scheduler file on a shared file system.

The scheduler and the workers are started by `passband scheduler` and `passband worker`, say in a job of a batch
system (`slurm`), so that their settings are right. One driver uses a scheduler at a time.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import dask
from distributed import Client

from passband.errors import UserError
from passband.execution.dask_executor import DaskExecutor
from passband.execution.dask_settings import SETTINGS, quiet
from passband.execution.interruption import undisturbed

START_TIMEOUT_S: Final = 300.0
"""How long the scheduler's file, and then the first worker, may take to appear [s]."""
_HURRY_S: Final = 5.0


@contextmanager
def open_scheduler_file(path: Path, timeout_s: float = START_TIMEOUT_S) -> Iterator[DaskExecutor]:
    """An executor on the workers of the scheduler whose address this file tells, for the block.

    What an earlier driver has left at work there is ended first. The workers stay when the block ends; after an
    error they are restarted, so that none works on for nobody. Raises UserError when there is no scheduler, no
    worker, or a scheduler with other settings than `SETTINGS`.
    """
    with dask.config.set(SETTINGS), quiet():
        client = _connected(path, timeout_s)
        try:
            _check_settings(client)
            with suppress(Exception):
                client.restart(timeout=timeout_s, wait_for_workers=False)
            _wait_for_worker(client, timeout_s)
            yield DaskExecutor(client, lambda: len(client.nthreads()))
        except BaseException:
            with undisturbed(), suppress(Exception):
                client.restart(timeout=_HURRY_S, wait_for_workers=False)
            raise
        finally:
            with undisturbed(), suppress(Exception):
                client.close(timeout=_HURRY_S)


def _connected(path: Path, timeout_s: float) -> Client:
    deadline = time.monotonic() + timeout_s
    while not path.exists():
        if time.monotonic() > deadline:
            raise UserError(
                f"--scheduler-file {path}: no such file came up in {timeout_s:.0f} s; start the scheduler with "
                f"`passband scheduler --scheduler-file {path}`"
            )
        time.sleep(0.2)
    try:
        return Client(scheduler_file=str(path), set_as_default=False, timeout=timeout_s)
    except (OSError, TimeoutError, ValueError, KeyError) as error:
        raise UserError(
            f"--scheduler-file {path}: no scheduler answers there ({type(error).__name__}); remove the file and "
            f"start one with `passband scheduler --scheduler-file {path}`"
        ) from None


def _check_settings(client: Client) -> None:
    """Wrong settings of the scheduler blame innocent tasks for the death of a worker."""
    told: dict[str, Any] = client.run_on_scheduler(_scheduler_settings)
    wrong = [key for key, value in told.items() if value != SETTINGS[key]]
    if wrong:
        raise UserError(
            f"--scheduler-file: the scheduler has {wrong[0]} {told[wrong[0]]}, and {SETTINGS[wrong[0]]} is needed; "
            "start it with `passband scheduler`"
        )


def _scheduler_settings(dask_scheduler: Any) -> dict[str, Any]:
    """What the scheduler itself goes by; runs there."""
    return {
        "distributed.scheduler.worker-saturation": dask_scheduler.WORKER_SATURATION,
        "distributed.scheduler.allowed-failures": dask_scheduler.allowed_failures,
    }


def _wait_for_worker(client: Client, timeout_s: float) -> None:
    try:
        client.wait_for_workers(1, timeout=timeout_s)
    except TimeoutError:
        raise UserError(
            f"no worker came up in {timeout_s:.0f} s; start some with `passband worker --scheduler-file …`"
        ) from None
