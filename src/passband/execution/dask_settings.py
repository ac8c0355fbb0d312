"""Dask's settings for long, independent tasks on one machine; its defaults suit many short dependent ones.

Every line was found by trial or by reading the scheduler; the reason stands beside it.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

SETTINGS: Final[dict[str, Any]] = {
    # A task that waits at a worker is blamed when it dies; so none waits there (1.1 is the default).
    "distributed.scheduler.worker-saturation": 1.0,
    # The driver counts the workers that a task has cost: it runs the task again, or sets it aside.
    "distributed.scheduler.allowed-failures": 0,
    # At 15 s a killed worker that is slow to import lets the cluster shrink to nothing, for ever.
    "distributed.deploy.lost-worker-timeout": "600s",
    # A task may hold the interpreter for minutes.
    "distributed.scheduler.worker-ttl": None,
    "distributed.comm.timeouts.connect": "60s",
    "distributed.comm.timeouts.tcp": "60s",
    # Nothing to move and nothing to steal: a task goes to a worker that is free.
    "distributed.scheduler.work-stealing": False,
    "distributed.scheduler.active-memory-manager.start": False,
    # Memory is the tasks' own, results are bytes. A worker that outgrows its share is ended, not paused.
    "distributed.worker.memory.target": False,
    "distributed.worker.memory.spill": False,
    "distributed.worker.memory.pause": False,
    "distributed.worker.memory.terminate": 0.95,
    # By default driver and workers wake 10 to 50 times a second to look after themselves. On two workers that took 8 %
    # of a core, and takes 2 % with these.
    "distributed.worker.memory.monitor-interval": "1s",
    "distributed.admin.tick.interval": "1s",
    "distributed.admin.system-monitor.interval": "5s",
    "distributed.worker.profile.enabled": False,
    # No pages: the ports serve the workers only, on the loopback.
    "distributed.scheduler.http.routes": [],
    "distributed.worker.http.routes": [],
    "distributed.admin.large-graph-warning-threshold": "1GB",
    # The environment of the workers is WORKER_ENVIRONMENT, and nothing of Dask's own.
    "distributed.nanny.pre-spawn-environ": {},
}
"""Keys of Dask's configuration."""

WORKER_ENVIRONMENT: Final[dict[str, str]] = {
    # One thread per worker: results repeat bit for bit, and one process per core is the fastest.
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "NUMEXPR_NUM_THREADS": "1",
    # Keep freed memory for the next step. A training step of a small network took 41 ms of CPU with Dask's default
    # (give back above 64 KiB), 20 ms with glibc's and 16 ms with this; the peak memory was the same.
    "MALLOC_MMAP_THRESHOLD_": str(2**30),
    "MALLOC_TRIM_THRESHOLD_": str(2**32),
}
"""Environment variables of every worker."""


@contextmanager
def quiet() -> Iterator[None]:
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
