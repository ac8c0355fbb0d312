"""Tiny tasks for the tests of the engine; importable by name in every worker."""

import errno
import os
import signal
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from passband.errors import UserError
from passband.execution.tasks import Task
from passband.seeds import random_stream
from passband.storage.run_folder import RunFolder
from passband.storage.tables import save_part


def square(number: int) -> Mapping[str, Any]:
    return {"square": number**2}


def nothing() -> None:
    return None


def told(*values: object) -> Mapping[str, Any]:
    """What arrived in the worker, as text."""
    return {"told": repr(values)}


def environment() -> Mapping[str, Any]:
    names = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_")
    return {"pid": os.getpid()} | {name: os.environ.get(name) for name in names}


def train(root: Path, key: str, seconds: float) -> Mapping[str, Any]:
    """Stands in for the training of a network: rows of scores that depend on its key only."""
    with (root / "executions").open("a") as file:
        file.write(f"{key}\n")
    time.sleep(seconds)
    dice = random_stream(0, key).random(5)
    ids = [f"{key}-{index}" for index in range(5)]
    save_part(RunFolder(root).scores, key, pd.DataFrame({"network_id": ids, "dice": np.sort(dice)}))
    return {"rows": 5}


def trainings(root: Path, number: int, seconds: float) -> list[Task]:
    keys = [f"net{index:03d}" for index in range(number)]
    return [Task(key, "train", train, (root, key, seconds)) for key in keys]


def train_together(keys: tuple[str, ...]) -> Mapping[str, Any]:
    """Stands in for the training of several networks; those named bad diverge, those named killer end the worker."""
    if "killer" in keys:
        os.kill(os.getpid(), signal.SIGKILL)
    return {"failed": {key: ("it diverged", "at step 3") for key in keys if key.startswith("bad")}}


def group(*keys: str) -> Task:
    members = tuple(Task(key, "train", train_together, ((key,),)) for key in keys)
    return Task(keys[0], "train", train_together, (keys,), members)


def sleep(seconds: float) -> None:
    time.sleep(seconds)


def work_without_end() -> None:
    """Computes and never looks up, like a long call into a library."""
    while True:
        sum(range(10**6))


def diverge() -> None:
    raise FloatingPointError("loss is not a number\nafter step 12")


def misuse() -> None:
    raise UserError("crystal 'Cdse' is unknown; did you mean 'CdSe'?")


def exhaust() -> None:
    raise MemoryError


def fill_the_disk() -> None:
    try:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    except OSError as error:
        raise UserError("no space left while writing x; free some and run the same command again") from error


def unrecordable() -> Mapping[str, Any]:
    return {"dice": float("nan")}


def crash() -> None:
    os._exit(3)


def segfault() -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


def crash_once(flag: Path) -> Mapping[str, Any]:
    """Kills its worker the first time, works the second time."""
    if not flag.exists():
        flag.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return {"second": True}


def chatter() -> None:
    sys.stdout.write("this is for the log\n")
    sys.stdout.flush()
