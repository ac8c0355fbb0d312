"""What the plain loop is tuned to: rate, batch and threads with which it gets furthest in a given CPU time.

Successive halving (Jamieson & Talwalkar, AISTATS 2016): all rivals train for the first rung's time, the better half
goes on to the next. Rivals are compared by their least error so far, as the loop stops at its first good check, the
mean of one network at -10 and one at +10 nm, each in a process of its own.
"""

import multiprocessing
from itertools import product
from math import ceil
from pathlib import Path
from typing import Any

import torch
from rich.progress import Progress
from training_bench.plain import PlainChoice, plain_errors, step_seconds

RATES, BATCHES, THREADS = (1e-3, 3e-3, 1e-2), (2, 4), (1, 2)
RUNGS = (1, 2, 4)
"""CPU time at which rivals are compared, over that of the first rung."""
DEFOCI_NM = (-10, 10)
ANSWER_TIMEOUT_S = 3600.0


def racing(folder: Path, defocus_nm: int, orders: Any, answers: Any) -> None:
    """Train rivals as far as they are told to, and answer with the least error of each so far."""
    torch.set_num_threads(1)
    courses: dict[PlainChoice, Any] = {}
    least: dict[PlainChoice, float] = {}
    while (order := orders.get()) is not None:
        choice, until_s = order
        course = courses.setdefault(choice, plain_errors(folder, defocus_nm, 0, choice))
        for seconds, error in course:
            least[choice] = min(error, least.get(choice, 1.0))
            if seconds >= until_s:
                break
        print(defocus_nm, choice, until_s, least[choice], flush=True)
        answers.put((choice, least[choice]))


def chosen(folder: Path, progress: Progress, first_rung_s: float) -> tuple[PlainChoice, list[str]]:
    """The choice, and a table of every rival at every rung."""
    rungs_s = [first_rung_s * times for times in RUNGS]
    threads = min(THREADS, key=lambda n: step_seconds(PlainChoice(batch=max(BATCHES), threads=n)))
    rivals = [PlainChoice(rate, batch, threads) for rate, batch in product(RATES, BATCHES)]
    context = multiprocessing.get_context("spawn")
    answers, orders = context.Queue(), [context.Queue() for _ in DEFOCI_NM]
    racers = [
        context.Process(target=racing, args=(folder, nm, own, answers), daemon=True)
        for nm, own in zip(DEFOCI_NM, orders, strict=True)
    ]
    for racer in racers:
        racer.start()
    table = [f"| rate, batch ({threads} threads) | " + " | ".join(f"{s:g} CPU s" for s in rungs_s) + " |"]
    errors: dict[PlainChoice, list[float]] = {choice: [] for choice in rivals}
    for until_s in rungs_s:
        bar = progress.add_task(f"plain loop, {until_s:g} s", total=len(rivals) * len(racers))
        for choice, own in product(rivals, orders):
            own.put((choice, until_s))
        found: dict[PlainChoice, float] = dict.fromkeys(rivals, 0.0)
        for _ in range(len(rivals) * len(racers)):
            choice, error = answers.get(timeout=ANSWER_TIMEOUT_S)
            found[choice] += error / len(racers)
            progress.advance(bar)
        for choice, error in found.items():
            errors[choice].append(error)
        rivals = sorted(rivals, key=lambda choice: found[choice])[: ceil(len(rivals) / 2)]
    for own, racer in zip(orders, racers, strict=True):
        own.put(None)
        racer.join()
    for choice, row in errors.items():
        cells = " | ".join([*(f"{100 * error:.2f}" for error in row), *[""] * (len(rungs_s) - len(row))])
        table.append(f"| {choice.learning_rate:g}, {choice.batch} | {cells} |")
    return rivals[0], table
