"""What a linear discriminant of textures, learned in one domain, finds in another.

The simplest model of a small network: rectified filters hand on the amplitudes of rings (see `rings`), a weighted
sum of them meets a threshold. With means μ and covariances C of the amplitudes in the background (0) and in the
particles (1) of training, of which f is covered,

    w = (C + tr C / RINGS · 1)⁻¹ (μ₁ - μ₀),    C = (C₀ + C₁)/2,

that is Fisher's discriminant with its covariance shrunk halfway to a sphere, as of who knows few scenes and
hears his own noise; the threshold t promises most Dice at home. In a test domain with means ν and covariances D, where
f' is covered, amplitudes are taken for normal:

    recall R = Φ[(w·ν₁ - t) / √(w·D₁w)],    false alarms F = Φ[(w·ν₀ - t) / √(w·D₀w)],
    Dice = 2 f' R / (f' + f' R + (1 - f') F).

So both ways of failing are told apart: particles that go unseen, and support that is taken for particles.

References: R. A. Fisher, Ann. Eugen. 7, 179 (1936); J. H. Friedman, J. Am. Stat. Assoc. 84, 165 (1989).
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from passband.information.expected import DomainSpectra
from passband.information.rings import Rings

Floats = NDArray[np.float64]

THRESHOLDS: Final = 400
"""Thresholds that are tried, from three standard deviations below the background to as many above the particles."""


@dataclass(frozen=True)
class Found:
    """Shares in [0, 1]: of the particles that is found, of the background that is taken for particles; and Dice."""

    recall: float
    false_alarms: float
    dice: float


def shrunk_discriminant(means: tuple[Floats, Floats], covariances: tuple[Floats, Floats]) -> Floats:
    """Weights (n,) of the discriminant of two classes, background first; n features of one scale."""
    shared = (covariances[0] + covariances[1]) / 2
    sphere = np.trace(shared) / len(shared) * np.eye(len(shared))
    return np.asarray(np.linalg.solve(shared + sphere, means[1] - means[0]), dtype=np.float64)


def dice_of(recall: Floats | float, false_alarms: Floats | float, covered: float) -> Floats:
    """The Dice that two shares come to where so much of the field is covered."""
    hit = covered * np.asarray(recall, dtype=np.float64)
    return 2 * hit / (covered + hit + (1 - covered) * np.asarray(false_alarms, dtype=np.float64))


def discriminant_finds(train: DomainSpectra, test: DomainSpectra) -> Found:
    """What the discriminant of a training domain finds in a test domain."""
    weights, threshold = _learned(train)
    return _found(test, weights, threshold)


def discriminant_dice(train: DomainSpectra, test: DomainSpectra) -> float:
    """Dice in [0, 1]; directed."""
    return discriminant_finds(train, test).dice


def discriminant_recall(train: DomainSpectra, test: DomainSpectra) -> float:
    """Part of the test particles in [0, 1] that is found; directed."""
    return discriminant_finds(train, test).recall


def discriminant_false_alarms(train: DomainSpectra, test: DomainSpectra) -> float:
    """Part of the test background in [0, 1] that is taken for particles; directed."""
    return discriminant_finds(train, test).false_alarms


def discriminant_loss(train: DomainSpectra, test: DomainSpectra) -> float:
    """Dice at home less that in the test domain, in [-1, 1]; directed, 0 at home."""
    return discriminant_dice(train, train) - discriminant_dice(train, test)


@lru_cache(maxsize=2)  # pairs come training domain by training domain
def _learned(train: DomainSpectra) -> tuple[Floats, float]:
    """Weights, and the threshold with the largest Dice at home."""
    outside, inside = train.outside_rings, train.inside_rings
    weights = shrunk_discriminant(
        (outside.amplitude, inside.amplitude), (outside.covariance, inside.covariance)
    )
    (low, low_deviation), (high, high_deviation) = (_answer(each, weights) for each in (outside, inside))
    tried = np.linspace(low - 3 * low_deviation, high + 3 * high_deviation, THRESHOLDS)
    recall, alarms = ndtr((high - tried) / high_deviation), ndtr((low - tried) / low_deviation)
    best = np.argmax(dice_of(recall, alarms, float(train.covered_fraction.mean())))
    return weights, float(tried[best])


def _found(domain: DomainSpectra, weights: Floats, threshold: float) -> Found:
    recall, alarms = (
        float(ndtr((mean - threshold) / deviation))
        for mean, deviation in (
            _answer(each, weights) for each in (domain.inside_rings, domain.outside_rings)
        )
    )
    return Found(recall, alarms, float(dice_of(recall, alarms, float(domain.covered_fraction.mean()))))


def _answer(texture: Rings, weights: Floats) -> tuple[float, float]:
    """Mean and standard deviation, above 0, of the weighted sum over a texture."""
    deviation = float(np.sqrt(weights @ texture.covariance @ weights))
    return float(weights @ texture.amplitude), max(deviation, float(np.finfo(np.float64).tiny))
