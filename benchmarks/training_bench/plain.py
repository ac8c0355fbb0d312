"""The plain loop: what a user would write first."""

import multiprocessing
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import pairwise, product
from pathlib import Path
from statistics import median
from typing import Any

import torch
from rich.progress import Progress
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, max_pool2d
from training_bench.data import pool_of, test_images

from passband.data.augmentation import oriented
from passband.data.batches import exposed_batch
from passband.evaluation.scores import KnownImages, score_networks
from passband.networks.agreement import agreement
from passband.training.spec import COMPACT_TRAINING


@dataclass(frozen=True)
class PlainChoice:
    """What a user of the plain loop would tune, and after how long he gives up."""

    learning_rate: float = 3e-3
    batch: int = 4
    threads: int = 1
    give_up_s: float = 600.0


RATES, BATCHES, THREADS = (1e-3, 3e-3, 1e-2), (2, 4), (1, 2)
CHOSEN = PlainChoice()
CHECK_EVERY_S = 5.0


def twice(width_in: int, width: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for before in (width_in, width):
        layers += [nn.Conv2d(before, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU()]
    return nn.Sequential(*layers)


class PlainUNet(nn.Module):
    """Ronneberger's U-Net with padding and batch norms, base 16, depth 4."""

    def __init__(self, base: int = 16, depth: int = 4) -> None:
        super().__init__()
        widths = [base * 2**level for level in range(depth + 1)]
        self.down = nn.ModuleList(map(twice, [1, *widths[:-1]], widths))
        self.up = nn.ModuleList(nn.ConvTranspose2d(coarse, fine, 2, 2) for fine, coarse in pairwise(widths))
        self.join = nn.ModuleList(twice(2 * fine, fine) for fine in widths[:-1])
        self.out = nn.Conv2d(base, 1, 1)

    def forward(self, features: Tensor) -> Tensor:
        skips = []
        for level, down in enumerate(self.down):
            features = down(max_pool2d(features, 2) if level else features)
            skips.append(features)
        for up, join, skip in zip(self.up[::-1], self.join[::-1], skips[-2::-1], strict=True):
            features = join(torch.cat([up(features), skip], dim=1))
        return self.out(features)


def plain_errors(
    folder: Path, defocus_nm: int, seed: int, choice: PlainChoice
) -> Iterator[tuple[float, float]]:
    """Wall seconds of training so far and the median pixel error on the test images, check after check."""
    torch.set_num_threads(choice.threads)
    pool = pool_of(folder, "training", defocus_nm, COMPACT_TRAINING.images_per_structure)
    data = exposed_batch(pool, torch.Generator().manual_seed(seed))
    held_out = test_images(folder, defocus_nm, None)
    torch.manual_seed(seed)
    network = PlainUNet()
    optimiser = torch.optim.Adam(network.parameters(), lr=choice.learning_rate)
    seconds, checked_s, steps = 0.0, 0.0, 0
    while seconds < choice.give_up_s:
        started = time.perf_counter()
        rows, turn = torch.randint(len(pool), (choice.batch,)), int(torch.randint(8, ()))
        images, masks = oriented(data.images[rows], turn), oriented(data.masks[rows], turn)
        optimiser.zero_grad()
        binary_cross_entropy_with_logits(network(images)[:, 0], masks).backward()
        optimiser.step()
        seconds, steps = seconds + time.perf_counter() - started, steps + 1
        if seconds - checked_s >= CHECK_EVERY_S:
            checked_s = seconds
            yield seconds, plain_error(network, held_out)


@torch.no_grad()
def plain_error(network: PlainUNet, tested: KnownImages) -> float:
    network.eval()
    logits = torch.cat([network(part)[:, 0] for part in tested.images.split(4)])
    network.train()
    return float(agreement(logits, tested.truth.masks).pixel_error.median())


def plain_network(task: tuple[Path, int, int, PlainChoice, float]) -> dict[str, Any]:
    """Seconds until the error is reached, and those of scoring 11 conditions (one is measured)."""
    folder, defocus_nm, seed, choice, target = task
    checks: list[tuple[float, float]] = []
    for check in plain_errors(folder, defocus_nm, seed, choice):
        checks.append(check)
        if check[1] <= target:
            break
    seconds, error = checks[-1] if checks else (choice.give_up_s, 1.0)
    tested = test_images(folder, defocus_nm, None)
    started = time.perf_counter()
    list(score_networks({"": PlainUNet()}, [tested]))
    scoring_s = 11 * (time.perf_counter() - started)
    return {
        "seconds": seconds + scoring_s,
        "scoring_s": scoring_s,
        "error": error,
        "reached": error <= target,
        **asdict(choice),
    }


def plain_networks(
    folder: Path, cores: int, tasks: list[tuple[int, int]], choice: PlainChoice, target: float
) -> list[dict[str, Any]]:
    """The plain loop on several (defocus, seed): side by side where a network takes one thread, else in turn."""
    context = multiprocessing.get_context("spawn")
    work = [(folder, *task, choice, target) for task in tasks]
    with context.Pool(max(1, cores // choice.threads)) as pool, Progress() as progress:
        bar = progress.add_task(f"plain loop {choice}", total=len(work))
        done = []
        for result in pool.imap_unordered(plain_network, work):
            done.append(result)
            progress.advance(bar)
    return done


def steps_per_second(choice: PlainChoice) -> float:
    """Of the plain loop alone on the machine, with random images."""
    torch.set_num_threads(choice.threads)
    network, times = PlainUNet(), []
    for _ in range(6):
        started = time.perf_counter()
        network(torch.randn(choice.batch, 1, 256, 256)).mean().backward()
        times.append(time.perf_counter() - started)
    return 1 / median(times[1:])


def chosen(folder: Path, cores: int, target: float, give_up_s: float) -> PlainChoice:
    """The choice with which the plain loop makes most networks per hour, one network of each tried.

    Threads change no result but the time, so they are chosen by the time of a few steps of the larger batch: as
    many processes at once as there are cores for against one with all of them.
    """
    alone = {n: steps_per_second(PlainChoice(batch=max(BATCHES), threads=n)) * (cores // n) for n in THREADS}
    threads = max(alone, key=lambda n: alone[n])
    print(f"steps per second on {cores} cores, by threads per process: {alone}")
    seconds = {}
    for rate, batch in product(RATES, BATCHES):
        choice = PlainChoice(rate, batch, threads, give_up_s)
        result = plain_networks(folder, cores, [(-10, 0)], choice, target)[0]
        print({key: round(value, 4) for key, value in result.items()}, flush=True)
        seconds[choice] = result["seconds"] if result["reached"] else float("inf")
    return min(seconds, key=lambda choice: seconds[choice])
