"""The plain loop: what a user would write first. Its time is CPU time, so that a busy machine does not count."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import torch
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
    """What a user of the plain loop would tune, and after how many CPU seconds he gives up."""

    learning_rate: float = 1e-3
    batch: int = 4
    threads: int = 1
    give_up_s: float = 1200.0


CHOSEN = PlainChoice()
"""Of the two that were tried to the end the one that gets there sooner (docs/decisions/0015-trainer.md)."""
CHECK_EVERY_S = 10.0


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
    """CPU seconds of training so far and the median pixel error on the test images, check after check."""
    torch.set_num_threads(choice.threads)
    pool = pool_of(folder, "training", defocus_nm, COMPACT_TRAINING.images_per_structure)
    data = exposed_batch(pool, torch.Generator().manual_seed(seed))
    held_out = test_images(folder, defocus_nm, None)
    random = torch.Generator().manual_seed(seed)
    network = started_network(seed)
    optimiser = torch.optim.Adam(network.parameters(), lr=choice.learning_rate)
    seconds, checked_s = 0.0, 0.0
    while seconds < choice.give_up_s:
        started = time.process_time()
        rows = torch.randint(len(pool), (choice.batch,), generator=random)
        turn = int(torch.randint(8, (), generator=random))
        images, masks = oriented(data.images[rows], turn), oriented(data.masks[rows], turn)
        optimiser.zero_grad()
        binary_cross_entropy_with_logits(network(images)[:, 0], masks).backward()
        optimiser.step()
        seconds += time.process_time() - started
        if seconds - checked_s >= CHECK_EVERY_S:
            checked_s = seconds
            yield seconds, plain_error(network, held_out)


def started_network(seed: int) -> PlainUNet:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return PlainUNet()


@torch.no_grad()
def plain_error(network: PlainUNet, tested: KnownImages) -> float:
    network.eval()
    logits = torch.cat([network(part)[:, 0] for part in tested.images.split(4)])
    network.train()
    return float(agreement(logits, tested.truth.masks).pixel_error.median())


def plain_scoring_s(tested: list[KnownImages]) -> float:
    """CPU seconds of scoring so many conditions; one is measured."""
    started = time.process_time()
    list(score_networks({"": PlainUNet()}, tested[:1]))
    return len(tested) * (time.process_time() - started)


def step_seconds(choice: PlainChoice) -> float:
    """CPU seconds of a step, all threads together, with random images."""
    torch.set_num_threads(choice.threads)
    network, times = PlainUNet(), []
    for _ in range(4):
        started = time.process_time()
        network(torch.randn(choice.batch, 1, 256, 256)).mean().backward()
        times.append(time.process_time() - started)
    torch.set_num_threads(1)
    return min(times[1:])
