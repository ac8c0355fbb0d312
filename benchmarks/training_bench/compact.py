"""Compact networks, trained and scored as a worker of a study does it."""

import multiprocessing
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch
from rich.progress import Progress
from training_bench.data import pool_of, test_images

from passband.evaluation.scores import KnownImages, score_networks
from passband.networks.spec import COMPACT, NetworkSpec
from passband.networks.unet import build_network
from passband.seeds import seed_for
from passband.study.catalogue.defocus import TRAINING_DEFOCI_NM, defocus_name
from passband.training.loop import train_network
from passband.training.spec import COMPACT_TRAINING, TrainingSpec

DEFOCUSED_NM = tuple(nm for nm in TRAINING_DEFOCI_NM if nm)
WORKER_TIMEOUT_S = 600.0


@dataclass(frozen=True)
class Design:
    """A network and its training."""

    network: NetworkSpec
    training: TrainingSpec


def with_steps(steps: int) -> TrainingSpec:
    return COMPACT_TRAINING.model_copy(update={"steps": steps, "first_validation": round(0.8 * steps)})


LINEAR_STEM = NetworkSpec(stem_kernel=12, blocks=(0, 1, 1, 1), output_stride=4)
DESIGNS = {
    "compact": Design(COMPACT, COMPACT_TRAINING),
    "compact, 100 steps": Design(COMPACT, with_steps(100)),
    "compact, 400 steps": Design(COMPACT, with_steps(400)),
    "compact, 800 steps": Design(COMPACT, with_steps(800)),
    "linear stem": Design(LINEAR_STEM, with_steps(300)),
    "linear stem, Adam": Design(
        LINEAR_STEM, with_steps(400).model_copy(update={"optimiser": "adam", "learning_rate": 1e-2})
    ),
    "8 channels": Design(COMPACT.model_copy(update={"widths": (8, 32, 64, 128)}), with_steps(250)),
    "5 levels": Design(
        COMPACT.model_copy(update={"widths": (16, 32, 64, 96, 96), "blocks": (0, 1, 1, 1, 1)}),
        with_steps(220),
    ),
    "decision 7": Design(
        NetworkSpec(), TrainingSpec(steps=400, validation_interval=25, first_validation=300)
    ),
}


class CompactWorker:
    """What a worker of a study keeps: pools of its domains and the images of all tests, formed once."""

    def __init__(self, folder: Path) -> None:
        self.pools = {
            nm: (
                pool_of(folder, "training", nm, COMPACT_TRAINING.images_per_structure),
                pool_of(folder, "validation", nm, COMPACT_TRAINING.validation_images_per_structure),
            )
            for nm in TRAINING_DEFOCI_NM
        }
        self.tests: list[KnownImages] = []
        for nm in range(-25, 26, 5):
            self.tests.append(test_images(folder, nm, self.tests[0].truth if self.tests else None))

    def network(self, design: Design, defocus_nm: int, seed: int) -> dict[str, Any]:
        """Train one network and score it on everything."""
        started, spec = time.process_time(), design.training
        network = build_network(design.network, seed_for(seed, "start"))
        trained = train_network(network, spec, *self.pools[defocus_nm], seed=seed)
        network.load_state_dict(trained.state_dict)
        training_s = time.process_time() - started
        scores = {
            found.test: found.scores for found in score_networks({"": network}, self.tests, spec.precision)
        }
        own = scores[defocus_name(defocus_nm)]
        return {
            "defocus_nm": defocus_nm,
            "pixel_error": float(np.median(own.pixel_error)),
            "mean_pixel_error": float(own.pixel_error.mean()),
            "dice": float(np.median(own.dice)),
            "training_cpu_s": training_s,
            "scoring_cpu_s": time.process_time() - started - training_s,
        }


def compact_process(folder: Path, design: Design, tasks: Any, results: Any, ready: Any) -> None:
    torch.set_num_threads(1)
    worker = CompactWorker(folder)
    worker.network(Design(design.network, with_steps(5)), DEFOCUSED_NM[0], -1)
    ready.wait()
    while (task := tasks.get()) is not None:
        results.put(worker.network(design, *task))


def compact_networks(
    folder: Path, processes: int, seeds: int, design: Design = DESIGNS["compact"]
) -> tuple[list[dict[str, Any]], float]:
    """Results of all networks, and wall seconds from when every process was warm."""
    context = multiprocessing.get_context("spawn")
    tasks, results, ready = context.Queue(), context.Queue(), context.Barrier(processes + 1)
    planned = [(nm, seed) for seed in range(seeds) for nm in TRAINING_DEFOCI_NM]
    for task in [*planned, *[None] * processes]:
        tasks.put(task)
    workers = [
        context.Process(target=compact_process, args=(folder, design, tasks, results, ready), daemon=True)
        for _ in range(processes)
    ]
    for worker in workers:
        worker.start()
    ready.wait(timeout=WORKER_TIMEOUT_S)
    started, done = time.perf_counter(), []
    with Progress() as progress:
        for _ in progress.track(planned, description="compact networks"):
            done.append(results.get(timeout=WORKER_TIMEOUT_S))
    seconds = time.perf_counter() - started
    for worker in workers:
        worker.join()
    return done, seconds


def summary(results: list[dict[str, Any]], seconds: float, processes: int) -> dict[str, float]:
    """Figures of all networks, trained and scored in so many seconds by the clock."""
    defocused = [each for each in results if each["defocus_nm"]]
    cpu_s = median(each["training_cpu_s"] + each["scoring_cpu_s"] for each in results)
    return {
        "networks_per_hour": round(3600 * processes / cpu_s),
        "networks_per_hour_wall": round(3600 * len(results) / seconds),
        "median_pixel_error": round(median(each["pixel_error"] for each in defocused), 4),
        "mean_pixel_error": round(median(each["mean_pixel_error"] for each in defocused), 4),
        "median_dice": round(median(each["dice"] for each in defocused), 4),
        "median_pixel_error_at_zero": round(
            median(each["pixel_error"] for each in results if not each["defocus_nm"]), 4
        ),
        "training_cpu_s": round(median(each["training_cpu_s"] for each in results), 2),
        "scoring_cpu_s": round(median(each["scoring_cpu_s"] for each in results), 2),
        "compact_networks": len(results),
    }
