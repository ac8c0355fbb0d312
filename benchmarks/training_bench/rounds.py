"""The comparison: in each round one plain network, with compact ones between its steps, in the same process.

So both meet the same load, caches and clock, and the ratio of their CPU times does not depend on who else works.
"""

import multiprocessing
import time
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import mean
from typing import Any

import torch
from rich.progress import Progress
from training_bench.compact import DEFOCUSED_NM, DESIGNS, CompactWorker, with_steps
from training_bench.plain import PlainChoice, plain_errors, plain_scoring_s

COMPACT_EVERY_S = 60.0
"""CPU seconds of the plain loop between two compact networks."""
FIRST_SEED = 1000
"""Of the compact networks of a round, other ones than those that set the target."""


@dataclass(frozen=True)
class Rounds:
    """What is compared: the plain loop so tuned, until it reaches the target, a median pixel error."""

    choice: PlainChoice
    target: float
    count: int


def one_round(worker: CompactWorker, folder: Path, number: int, rounds: Rounds) -> dict[str, Any]:
    """CPU seconds of a plain network, scoring included, and of the compact ones meanwhile."""
    defocus_nm, started = DEFOCUSED_NM[number % len(DEFOCUSED_NM)], time.perf_counter()
    compact: list[dict[str, Any]] = []
    seconds, error = rounds.choice.give_up_s, 1.0
    for seconds, error in plain_errors(folder, defocus_nm, number, rounds.choice):
        if len(compact) <= seconds // COMPACT_EVERY_S:
            seed = FIRST_SEED * (number + 1) + len(compact)
            torch.set_num_threads(1)
            compact.append(worker.network(DESIGNS["compact"], defocus_nm, seed))
            torch.set_num_threads(rounds.choice.threads)
        if error <= rounds.target:
            break
    scoring_s = plain_scoring_s(worker.tests)
    own_s = [each["training_cpu_s"] + each["scoring_cpu_s"] for each in compact]
    return {
        "defocus_nm": defocus_nm,
        "plain_s": seconds + scoring_s,
        "plain_scoring_s": scoring_s,
        "plain_error": error,
        "reached": error <= rounds.target,
        "compact_s": mean(own_s),
        "compact_networks": len(own_s),
        "ratio": (seconds + scoring_s) / mean(own_s),
        "wall_s": time.perf_counter() - started,
    }


def round_process(folder: Path, rounds: Rounds, tasks: Any, results: Any) -> None:
    torch.set_num_threads(1)
    worker = CompactWorker(folder)
    worker.network(replace(DESIGNS["compact"], training=with_steps(5)), DEFOCUSED_NM[0], -1)
    while (number := tasks.get()) is not None:
        results.put(one_round(worker, folder, number, rounds))


def compared(folder: Path, processes: int, rounds: Rounds) -> list[dict[str, Any]]:
    """All rounds, as many at once as there are cores for."""
    context = multiprocessing.get_context("spawn")
    tasks, results = context.Queue(), context.Queue()
    workers = [
        context.Process(target=round_process, args=(folder, rounds, tasks, results), daemon=True)
        for _ in range(min(rounds.count, max(1, processes // rounds.choice.threads)))
    ]
    for task in [*range(rounds.count), *[None] * len(workers)]:
        tasks.put(task)
    for worker in workers:
        worker.start()
    with Progress() as progress:
        found = []
        for _ in progress.track(range(rounds.count), description="rounds, plain against compact"):
            found.append(results.get())
            print({name: round(value, 4) for name, value in found[-1].items()}, flush=True)
    for worker in workers:
        worker.join()
    return found
