"""The engine's own cost, at the size of the paper: overhead, scaling, resuming, and a query of the scores.

overhead     12,000 simulated networks that take no time, in tasks of eight on two workers, each with its part of the
             scores written, recorded in the ledger, and packed. It is set against NETWORK_S seconds of one core.
efficiency   tasks that sleep, on 1, 2, 4 and 8 workers: what remains of the ideal speed at the worst of them.
resume       `passband run paper-scale` on a folder in which all is done: wall time and peak memory of that process.
query        the median Dice of every pair of training and test domain, over 12,040 networks x 100 conditions
             x 100 images, from the summary that stands beside the rows (over networks, of each network's median).

Run it as ``python benchmarks/engine.py [--quick]``; the last line is JSON. The full one writes 9 GB to --scratch.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from passband.evaluation.scores import Scores
from passband.execution.executors import ExecutorSpec, open_executor
from passband.execution.run import run_tasks
from passband.execution.tasks import Task
from passband.records import content_id
from passband.storage.arrays import NamedArrays, save_arrays
from passband.storage.documents import write_json
from passband.storage.ledger import Ledger
from passband.storage.packs import save_pack
from passband.storage.run_folder import RunFolder
from passband.storage.sealed_table import save_table
from passband.storage.summary import complete_summary, read_summary
from passband.storage.tables import save_part
from passband.study.accounts import PackingJournal
from passband.study.catalogue import paper_scale
from passband.study.plan import (
    NetworkPlan,
    all_scenes,
    coherence_id,
    examples_id,
    information_id,
    network_plans,
)
from passband.study.prediction_plan import analysis_id, bands_id, contested, evidence_id, measures_id
from passband.study.study import MAIN, Study

NETWORK_S = 5.0
"""What training and testing a compact network takes on one core, roughly [s]."""
TASK_S = 4.0
MEMBERS = 8
VALUES = tuple(Scores.__dataclass_fields__)


@dataclass(frozen=True)
class Size:
    """networks: of the overhead; sleeps: tasks per worker; networks, conditions and images: of the score table."""

    overhead_networks: int
    sleeps: int
    networks: int
    conditions: int
    images: int


FULL = Size(12_000, 6, 12_040, 100, 100)
QUICK = Size(600, 2, 12_040, 11, 4)


def rows(plan_ids: tuple[str, str], train_id: str, size: Size, generator: np.random.Generator) -> pa.Table:
    """Scores of one network, random numbers."""
    n = size.conditions * size.images
    condition, image = np.divmod(np.arange(n), size.images)

    def text(codes: np.ndarray, names: list[str]) -> pa.Array:
        return pa.DictionaryArray.from_arrays(pa.array(codes.astype(np.int32)), pa.array(names))

    zeros = np.zeros(n)
    ids = {
        "test_id": text(condition, [f"test {k:03d}" for k in range(size.conditions)]),
        "structure_id": text(image, [f"s{k:015d}" for k in range(size.images)]),
    }
    numbers = {name: pa.array(generator.random(n)) for name in VALUES}
    own = {
        "network_id": text(zeros, [plan_ids[0]]),
        "train_id": text(zeros, [train_id]),
        "seed": pa.array(zeros.astype(np.int64)),
    }
    return pa.table(ids | numbers | own)


def write_parts(root: str, keys: tuple[str, ...]) -> dict[str, object]:
    """What is left of a task without the training: its parts of the scores and of the table of networks."""
    folder, generator = RunFolder(Path(root)), np.random.default_rng(0)
    for key in keys:
        scores = rows((key, key), "0 nm", Size(0, 0, 0, 11, 32), generator)
        save_part(folder.scores, key, scores.to_pandas())
        save_part(folder.networks_table, key, pd.DataFrame({"network_id": [key], "train_id": ["0 nm"]}))
    return {"failed": {}}


def simulated(seconds: float) -> None:
    time.sleep(seconds)


def overhead_percent(root: Path, networks: int) -> float:
    """Wall time of everything but training, in percent of what training so many networks takes two workers."""
    folder = RunFolder.create(root / "overhead")
    keys = [content_id(number) for number in range(networks)]
    groups = [tuple(keys[first : first + MEMBERS]) for first in range(0, networks, MEMBERS)]
    tasks = [
        Task(
            group[0],
            "networks",
            write_parts,
            (str(folder.root), group),
            tuple(Task(key, "networks", write_parts, (str(folder.root), (key,))) for key in group),
        )
        for group in groups
    ]
    with (
        folder.lock(),
        Ledger(folder.ledger) as ledger,
        open_executor(ExecutorSpec(workers=2), folder.logs) as executor,
    ):
        run_tasks([Task(f"warm{n}", "warm", simulated, (0.0,)) for n in range(20)], executor, ledger)
        journal = PackingJournal(ledger, folder, {key: key for key in keys})
        wall_s, _ = seconds_of(lambda: run_tasks(tasks, executor, journal))
    return 100 * wall_s / (networks * NETWORK_S / 2)


def efficiency(root: Path, workers: int, sleeps: int) -> float:
    """Ideal over real wall time of tasks of TASK_S seconds, so many for each worker."""
    folder = RunFolder.create(root / f"workers{workers}")
    warm = [Task(f"warm{n}", "warm", simulated, (0.0,)) for n in range(20 * workers)]
    tasks = [Task(f"k{n}", "train", simulated, (TASK_S,)) for n in range(workers * sleeps)]
    with (
        folder.lock(),
        Ledger(folder.ledger) as ledger,
        open_executor(ExecutorSpec(workers=workers), folder.logs) as executor,
    ):
        run_tasks(warm, executor, ledger)
        wall_s, _ = seconds_of(lambda: run_tasks(tasks, executor, ledger))
    return sleeps * TASK_S / wall_s


def finished_run(root: Path, size: Size) -> tuple[Study, RunFolder]:
    """A folder in which the study paper-scale is done, with random scores and empty waves."""
    study, folder = paper_scale(), RunFolder.create(root / "finished")
    plans = network_plans(study)[: size.networks]
    generator = np.random.default_rng(0)
    empty = NamedArrays({"none": np.zeros(1, np.float32)})
    main = tuple(plan.part_id for plan in plans if plan.member.series == MAIN)
    tables = [measures_id(study), bands_id(study)]
    evidence = evidence_ids(study, plans)
    done = {
        "waves": [scene.scene_id for scene in all_scenes(study)],
        "networks": [plan.part_id for plan in plans],
        "information": [information_id(study)],
        "coherence": [coherence_id(study)],
        "examples": [examples_id(study, main)],
        "measures": tables,
        "evidence": evidence,
        "analysis": [analysis_id(study, plans, [*tables, *evidence])],
    }
    with folder.lock(), Ledger(folder.ledger) as ledger:
        for stage, keys in done.items():
            ledger.adopt(keys, stage)
        for scene_id in done["waves"]:
            save_arrays(folder.scene(scene_id), empty)
        pair = pd.DataFrame({"train_id": ["0 nm"], "test_id": ["0 nm"]})
        for path in (folder.information, folder.coherence, folder.measures, folder.bands, folder.predictions):
            save_table(path, pair)
        for key in evidence:
            save_part(folder.evidence, key, pair)
        write_json(folder.analysis, {})
        save_arrays(folder.examples, empty)
        for some in batches(plans, 100):
            save_pack(
                folder.scores,
                {p.part_id: rows((p.network_id, p.part_id), p.domain, size, generator) for p in some},
            )
            lines = {p.network_id: pa.table({"network_id": [p.network_id]}) for p in some}
            save_pack(folder.networks_table, lines)
            complete_summary(folder)
    return study, folder


def evidence_ids(study: Study, plans: tuple[NetworkPlan, ...]) -> list[str]:
    """The parts of the evidence that the study asks for."""
    return [
        evidence_id(study, series, train, own)
        for series in contested(study)
        for train in series.train_on
        if (own := [p for p in plans if (p.member.series, p.domain) == (series.name, train)])
    ]


def batches(plans: tuple[NetworkPlan, ...], size: int) -> Iterator[list[NetworkPlan]]:
    waiting = iter(plans)
    while some := list(islice(waiting, size)):
        yield some


RESUME = """
import resource, sys, time
from pathlib import Path
from passband.execution.executors import ExecutorSpec
from passband.study.catalogue import paper_scale
from passband.study.run import run_study
started = time.perf_counter()
outcome = run_study(paper_scale(), Path(sys.argv[1]), ExecutorSpec())
seconds = time.perf_counter() - started
assert not outcome.changed and outcome.networks == int(sys.argv[2]), outcome
print(seconds, time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20)
"""


def resumed(folder: RunFolder, networks: int) -> tuple[float, float, float]:
    """Seconds, CPU seconds (imports included) and peak memory [GiB] of starting a study in which nothing is left to do,
    in a process of its own."""
    command = [sys.executable, "-c", RESUME, str(folder.root), str(networks)]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    seconds, cpu_s, memory_GiB = map(float, told.split())
    return seconds, cpu_s, memory_GiB


def query_s(folder: RunFolder, size: Size) -> tuple[float, float]:
    """Median over networks of each network's median Dice, for every pair: seconds, CPU seconds, the better of two."""

    def query() -> None:
        summary = read_summary(folder, ("train_id", "test_id", "dice_median", "n_images"))
        matrix = summary.groupby(["train_id", "test_id"], observed=True)["dice_median"].median()
        assert summary["n_images"].sum() == size.networks * size.conditions * size.images
        assert len(matrix) == summary["train_id"].nunique() * size.conditions

    return min(seconds_of(query) for _ in range(2))


def seconds_of(work: Callable[[], object]) -> tuple[float, float]:
    started, cpu_s = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - started, time.process_time() - cpu_s


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument(
        "--quick", action="store_true", help="a twentieth of the tasks and a 230th of the rows"
    )
    parser.add_argument(
        "--scratch", type=Path, help="where to write; default: the folder for temporary files"
    )
    chosen = parser.parse_args()
    size = QUICK if chosen.quick else FULL
    with tempfile.TemporaryDirectory(dir=chosen.scratch) as scratch:
        root = Path(scratch)
        overhead = overhead_percent(root, size.overhead_networks)
        print(
            f"overhead of {size.overhead_networks:,} networks: {overhead:.2f} % of {NETWORK_S:g} s each",
            flush=True,
        )
        scaling = {workers: efficiency(root, workers, size.sleeps) for workers in (1, 2, 4, 8)}
        for workers, part in scaling.items():
            print(f"{workers} worker(s): {100 * part:.1f} % of the ideal speed", flush=True)
        _, folder = finished_run(root, size)
        resume, resume_cpu_s, memory_GiB = resumed(folder, size.networks)
        print(
            f"resume of {size.networks:,} finished networks: {resume:.2f} s ({resume_cpu_s:.2f} of CPU), "
            f"{memory_GiB:.2f} GiB",
            flush=True,
        )
        query, query_cpu_s = query_s(folder, size)
        images = size.networks * size.conditions * size.images
        print(f"median Dice by domains over {images:,} rows of scores: {query:.2f} s")
    figures = {
        "benchmark": "engine",
        "overhead_percent": round(overhead, 2),
        "efficiency": round(min(scaling.values()), 4),
        "efficiency_by_workers": {str(workers): round(part, 4) for workers, part in scaling.items()},
        "resume_s": round(resume, 2),
        "resume_cpu_s": round(resume_cpu_s, 2),
        "resume_GiB": round(memory_GiB, 2),
        "query_s": round(query, 2),
        "query_cpu_s": round(query_cpu_s, 2),
        "load": [round(load, 1) for load in os.getloadavg()],
        "query_rows": images,
        "networks": size.networks,
        "network_s": NETWORK_S,
        "peak_GiB": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 2),
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
