"""What workers print goes to a file of the run, not to the user's terminal."""

import faulthandler
import os
import sys
from contextlib import suppress
from pathlib import Path

from distributed import Worker, WorkerPlugin


class WorkerOutput(WorkerPlugin):  # type: ignore[misc]
    """Appends the output of a worker, and the stack of a crash, to ``<folder>/worker-<name>.log``."""

    def __init__(self, folder: Path | None) -> None:
        """folder: None drops the output."""
        self._folder = folder

    def setup(self, worker: Worker) -> None:
        """Called by Dask in the worker's process when it starts."""
        descriptor = self._opened(f"worker-{worker.name}.log")
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
            os.dup2(descriptor, stream.fileno())
        os.close(descriptor)
        faulthandler.enable(sys.stderr)

    def _opened(self, name: str) -> int:
        """The file to write to; a worker works on when it cannot be written, say because the disk is full."""
        if self._folder is not None:
            with suppress(OSError):
                return os.open(self._folder / name, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        return os.open(os.devnull, os.O_WRONLY)
