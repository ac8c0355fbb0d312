"""Scores of networks on images with known masks: the numbers of the table ``scores``, one row per image.

What does not depend on the network is prepared once: the images by their caller, the particles of the true masks in
``truth``. Where many networks meet many conditions, ``score_networks`` takes each condition once, shows it to
every network, and gives the scores one by one, so that neither images nor scores need be held together.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from passband.evaluation.particles import Regions, regions, score_regions
from passband.networks.agreement import agreement
from passband.networks.prediction import predicted_logits
from passband.networks.spec import Precision

Column = NDArray[np.float64]
Counts = NDArray[np.int64]


@dataclass(frozen=True)
class Scores:
    """Columns (n,), one value per image, named as in the table.

    dice, iou, pixel_error, f1 in [0, 1]; cross_entropy in nats per pixel; n_true, n_found particles;
    size_error_nm of the mean diameter, NaN where no particle is true or none is found; mask_fraction, the
    true mask's part of the image.
    """

    dice: Column
    iou: Column
    pixel_error: Column
    cross_entropy: Column
    f1: Column
    n_true: Counts
    n_found: Counts
    size_error_nm: Column
    mask_fraction: Column


@dataclass(frozen=True)
class Truth:
    """What is known about n images.

    masks: (n, ny, nx) in {0, 1}. mask_fraction: (n,), the part of each that is 1. particles: the regions of each mask.
    sampling_A: pixel size [Å].
    """

    masks: Tensor
    mask_fraction: Column
    particles: tuple[Regions, ...]
    sampling_A: float


class KnownImages(NamedTuple):
    """The name of a condition, images (n, 1, ny, nx) of mean 0 and variance 1, and what is known about them."""

    name: str
    images: Tensor
    truth: Truth

    def on(self, device: str) -> "KnownImages":
        """The same, with images and masks on a device."""
        known = replace(self.truth, masks=self.truth.masks.to(device))
        return KnownImages(self.name, self.images.to(device), known)


class Scored(NamedTuple):
    """The scores of one network on one test, by the names of both."""

    network: str
    test: str
    scores: Scores


def truth(masks: Tensor, sampling_A: float) -> Truth:
    """The truth about images with these masks (n, ny, nx); conditions that share structures share it."""
    inside = masks > 0.5
    particles = tuple(regions(mask, sampling_A) for mask in inside.cpu().numpy())
    return Truth(masks, _column(inside.double().mean(dim=(-2, -1))), particles, sampling_A)


def score_networks(
    networks: Mapping[str, nn.Module], tests: Iterable[KnownImages], precision: Precision = "float32"
) -> Iterator[Scored]:
    """Every network on every test, test by test; each test is taken up once. All are on one device."""
    for test in tests:
        for name, network in networks.items():
            logits = predicted_logits(network, test.images, precision)
            yield Scored(name, test.name, score_against(logits, test.truth))


def score_images(
    network: nn.Module, images: Tensor, masks: Tensor, sampling_A: float, precision: Precision = "float32"
) -> Scores:
    """Score a network on images (n, 1, ny, nx) of mean 0 and variance 1 with masks (n, ny, nx) in {0, 1}.

    The network and the tensors are on one device; ``sampling_A`` is the pixel size of the images [Å].
    """
    return score_logits(predicted_logits(network, images, precision), masks, sampling_A)


def score_logits(logits: Tensor, masks: Tensor, sampling_A: float) -> Scores:
    """Score particle logits (n, ny, nx) against masks (n, ny, nx) in {0, 1}."""
    return score_against(logits, truth(masks, sampling_A))


def score_against(logits: Tensor, truth: Truth) -> Scores:
    """Score particle logits (n, ny, nx) against what is known about their images."""
    overlap = agreement(logits, truth.masks)
    found = [regions(mask, truth.sampling_A) for mask in (logits > 0).cpu().numpy()]
    particles = [score_regions(each, real) for each, real in zip(found, truth.particles, strict=True)]
    return Scores(
        dice=_column(overlap.dice),
        iou=_column(overlap.iou),
        pixel_error=_column(overlap.pixel_error),
        cross_entropy=_column(overlap.cross_entropy),
        f1=np.array([each.f1 for each in particles]),
        n_true=np.array([each.n_true for each in particles], dtype=np.int64),
        n_found=np.array([each.n_found for each in particles], dtype=np.int64),
        size_error_nm=np.array([each.size_error_nm for each in particles]),
        mask_fraction=truth.mask_fraction,
    )


def _column(values: Tensor) -> Column:
    column: Column = values.double().cpu().numpy()
    return column
