"""Scores of a network on images with known masks: the numbers of the table ``scores``, one row per image."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from passband.evaluation.particles import score_particles
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


def score_images(
    network: nn.Module, images: Tensor, masks: Tensor, sampling_A: float, precision: Precision = "float32"
) -> Scores:
    """Score a network on images (n, 1, ny, nx) of mean 0 and variance 1 with masks (n, ny, nx) in {0, 1}.

    The network and the tensors are on one device; ``sampling_A`` is the pixel size of the images [Å].
    """
    return score_logits(predicted_logits(network, images, precision), masks, sampling_A)


def score_logits(logits: Tensor, masks: Tensor, sampling_A: float) -> Scores:
    """Score particle logits (n, ny, nx) against masks (n, ny, nx) in {0, 1}."""
    overlap = agreement(logits, masks)
    predicted, true = (logits > 0).cpu().numpy(), (masks > 0.5).cpu().numpy()
    particles = [
        score_particles(found, real, sampling_A) for found, real in zip(predicted, true, strict=True)
    ]
    return Scores(
        dice=_column(overlap.dice),
        iou=_column(overlap.iou),
        pixel_error=_column(overlap.pixel_error),
        cross_entropy=_column(overlap.cross_entropy),
        f1=np.array([each.f1 for each in particles]),
        n_true=np.array([each.n_true for each in particles], dtype=np.int64),
        n_found=np.array([each.n_found for each in particles], dtype=np.int64),
        size_error_nm=np.array([each.size_error_nm for each in particles]),
        mask_fraction=true.mean(axis=(-2, -1)),
    )


def _column(values: Tensor) -> Column:
    column: Column = values.double().cpu().numpy()
    return column
