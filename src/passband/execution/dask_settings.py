"""Dask's settings for long, independent tasks on one machine; its defaults suit many short dependent ones.

Every line was found by trial or by reading the scheduler; the reason stands beside it.
"""

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
    "distributed.worker.profile.enabled": False,
    # No pages: the ports serve the workers only, on the loopback.
    "distributed.scheduler.http.routes": [],
    "distributed.worker.http.routes": [],
    "distributed.admin.large-graph-warning-threshold": "1GB",
    # Dask's default of 64 KiB makes glibc give back and fetch again every larger array.
    "distributed.nanny.pre-spawn-environ.MALLOC_TRIM_THRESHOLD_": None,
}
"""Keys of Dask's configuration."""

ONE_THREAD: Final[dict[str, str]] = {
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "NUMEXPR_NUM_THREADS": "1",
}
"""One thread per worker: results repeat bit for bit, and one process per core is the fastest."""
