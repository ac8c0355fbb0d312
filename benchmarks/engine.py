"""The engine's own cost: ledger and scheduler per task, the scan of a finished run, and a query of its scores.

Tasks are simulated (they sleep), so that what is measured is the engine and not the cores. A published-size study has
12,000 networks, each tested in 11 conditions on 16 structures: 2,112,000 rows of scores.
Run it as ``python benchmarks/engine.py [--quick]``; the last line is JSON.
"""

import argparse
import json
import sqlite3
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from passband.execution.executors import ExecutorSpec, InlineExecutor, open_executor
from passband.execution.run import run_tasks
from passband.execution.tasks import Task
from passband.storage.ledger import Ledger
from passband.storage.run_folder import RunFolder
from passband.storage.tables import read_parts, save_part

TASK_S = 1.0
NETWORKS, CONDITIONS, STRUCTURES = 12_000, 11, 16
KEYS = ["network_id", "test_id", "structure_id"]


def simulated(seconds: float) -> None:
    time.sleep(seconds)


def seconds_of(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def overhead_s(root: Path, workers: int, tasks_per_worker: int) -> float:
    """Time per task beyond the task itself [s], with so many workers."""
    folder = RunFolder.create(root / f"workers{workers}")
    number = workers * tasks_per_worker
    warm = [Task(f"warm{n}", "warm", simulated, (0.0,)) for n in range(20 * workers)]
    tasks = [Task(f"k{n}", "train", simulated, (TASK_S,)) for n in range(number)]
    spec = ExecutorSpec(workers=workers)
    with folder.lock(), Ledger(folder.ledger) as ledger, open_executor(spec, folder.logs) as executor:
        run_tasks(warm, executor, ledger)
        wall = seconds_of(lambda: run_tasks(tasks, executor, ledger))
    return wall / tasks_per_worker - TASK_S


def resume_s(root: Path) -> float:
    """Opening a run of 12,000 finished tasks and finding that nothing is left to do [s]."""
    folder = RunFolder.create(root / "finished")
    Ledger(folder.ledger).close()
    with sqlite3.connect(folder.ledger) as connection:
        rows = [
            (f"{n:016x}", "train", "done", 30.0, "2026-01-01", '{"dice": 0.9}', "", "")
            for n in range(NETWORKS)
        ]
        connection.executemany("INSERT INTO tasks VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)
    connection.close()
    tasks = [Task(f"{n:016x}", "train", simulated, (1.0,)) for n in range(NETWORKS)]

    def resume() -> None:
        again = RunFolder.create(folder.root)
        with again.lock(), Ledger(again.ledger) as ledger:
            count = run_tasks(tasks, InlineExecutor(), ledger)
            assert count.already == NETWORKS

    return seconds_of(resume)


def score_rows(first: int, networks: int, generator: np.random.Generator) -> pd.DataFrame:
    """Rows of so many networks, with the columns of the table of scores."""
    index = np.arange(networks * CONDITIONS * STRUCTURES)
    network, rest = np.divmod(index, CONDITIONS * STRUCTURES)
    condition, structure = np.divmod(rest, STRUCTURES)
    names = np.array([f"defocus {5 * n - 25} nm" for n in range(CONDITIONS)])
    ids = {
        "network_id": np.array([f"{first + n:016x}" for n in range(networks)])[network],
        "train_id": names[(first + network) % CONDITIONS],
        "test_id": names[condition],
        "structure_id": np.array([f"s{n:015x}" for n in range(STRUCTURES)])[structure],
        "seed": (first + network) % 3,
    }
    values = ("dice", "iou", "pixel_error", "cross_entropy", "f1", "n_true", "n_found", "size_error_nm")
    return pd.DataFrame(ids | {name: generator.random(len(index)) for name in values})


def query_s(root: Path, networks: int, networks_per_part: int) -> float:
    """Reading and verifying all scores, and the median Dice of every train x test pair [s]."""
    folder = RunFolder.create(root / "scores")
    generator = np.random.default_rng(0)
    for first in range(0, networks, networks_per_part):
        save_part(folder.scores, f"{first:016x}", score_rows(first, networks_per_part, generator))

    def query() -> None:
        scores = read_parts(folder.scores, KEYS)
        matrix = scores.groupby(["train_id", "test_id"])["dice"].median()
        assert len(scores) == networks * CONDITIONS * STRUCTURES
        assert len(matrix) == CONDITIONS**2

    return seconds_of(query)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer tasks and rows: about 20 s")
    quick = parser.parse_args().quick
    networks = 1_200 if quick else NETWORKS
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch)
        overheads = {workers: overhead_s(root, workers, 4 if quick else 12) for workers in (1, 2)}
        resume = resume_s(root)
        query = query_s(root, networks, networks_per_part=12)
    for workers, overhead in overheads.items():
        print(f"{workers} worker(s): {1e3 * overhead:.1f} ms per task beyond the task")
    print(f"resume over {NETWORKS} finished tasks: {resume:.2f} s")
    print(f"query of the scores of {networks} networks in {networks // 12} parts: {query:.2f} s")
    figures = {
        "benchmark": "engine",
        "task_s": TASK_S,
        "overhead_percent": round(100 * overheads[2] / TASK_S, 2),
        "overhead_percent_1_worker": round(100 * overheads[1] / TASK_S, 2),
        "efficiency": round(TASK_S / (TASK_S + overheads[2]), 4),
        "resume_s": round(resume, 3),
        "query_s": round(query, 3),
        "query_rows": networks * CONDITIONS * STRUCTURES,
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
