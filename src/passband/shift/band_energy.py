"""Segmentation without a network: a linear discriminant of local band amplitudes.

An image is split into rings of spatial frequency; the root of the local mean square of each ring is what a pixel is
judged by, in pixels, not in lengths, since networks see pixels. The discriminant is shrunk halfway to a sphere and its
threshold gives most Dice on the images that it was fitted to (see `information.discriminant`, which does the same
from spectra alone, for Gaussian textures). Applied to images of another domain it says how far texture carries
over, and in which way it fails. It takes masks of both domains, which a simulation has. Amplitudes are computed
once per domain, for all classifiers.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.fft import irfft2, rfft2
from scipy.ndimage import gaussian_filter

from passband.information.discriminant import Found, shrunk_discriminant

BANDS: Final = 12
"""Rings of equal width from 0 to the end of the pixels' band; what lies beyond in the corners is left out."""
SMOOTHING_PX: Final = 6.0
"""Standard deviation of the Gaussian over which mean squares are taken [pixels]."""
THRESHOLDS: Final = 80
"""Thresholds that are tried, evenly spaced in the share of pixels above them."""

Amplitudes = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class BandClassifier:
    """A pixel is particle where the weighted sum of its amplitudes is above the threshold."""

    weights: NDArray[np.float64]
    threshold: float

    def labels(self, amplitudes: Amplitudes) -> NDArray[np.bool_]:
        """Labels (n, ny, nx) of amplitudes (n, ny, nx, BANDS)."""
        return np.asarray(amplitudes @ self.weights.astype(np.float32) > self.threshold)


def band_amplitudes(images: NDArray[np.floating], step_px: int = 1) -> Amplitudes:
    """Amplitudes (n, ny, nx, BANDS) of periodic images (n, ny, nx) of mean 0 and variance 1, at every step-th pixel."""
    shape = images.shape[-2:]
    q = (
        np.hypot(np.fft.fftfreq(shape[0])[:, None], np.fft.rfftfreq(shape[1])) * 2
    )  # 1 at the Nyquist frequency
    band = np.floor(q * BANDS).astype(np.int64)
    width = (0.0, SMOOTHING_PX, SMOOTHING_PX)
    spectrum = rfft2(np.asarray(images, dtype=np.float32))
    squares = (irfft2(np.where(band == k, spectrum, 0), s=shape) ** 2 for k in range(BANDS))
    means = [gaussian_filter(each, width, mode="wrap")[:, ::step_px, ::step_px] for each in squares]
    return np.asarray(np.sqrt(np.maximum(np.stack(means, axis=-1), 0)), dtype=np.float32)


def can_be_learned(masks: NDArray[np.bool_]) -> bool:
    """Whether masks have two pixels of either class at least, without which there is no covariance."""
    return bool(min(masks.sum(), (~masks).sum()) >= 2)


def fit_band_classifier(amplitudes: Amplitudes, masks: NDArray[np.bool_]) -> BandClassifier:
    """The classifier of the amplitudes (n, ny, nx, BANDS) and masks (n, ny, nx) of one domain.

    Raises ValueError where the masks cannot be learned.
    """
    if not can_be_learned(masks):
        raise ValueError(
            "a classifier needs pixels of particles and pixels beside them, two of each at least"
        )
    background, particles = (amplitudes[each].astype(np.float64) for each in (~masks, masks))
    weights = shrunk_discriminant(
        (background.mean(0), particles.mean(0)),
        (np.cov(background, rowvar=False), np.cov(particles, rowvar=False)),
    )
    tried = np.quantile(amplitudes @ weights.astype(np.float32), np.linspace(0.3, 0.99, THRESHOLDS))
    every = [BandClassifier(weights, float(threshold)) for threshold in tried]
    return max(every, key=lambda one: band_classifier_finds(one, amplitudes, masks).dice)


def band_classifier_finds(
    classifier: BandClassifier, amplitudes: Amplitudes, masks: NDArray[np.bool_]
) -> Found:
    """What a classifier finds on amplitudes and masks (n, ny, nx) of a domain.

    The Dice is the mean over images, empty against empty is 1; shares are of all pixels together, 0 of none.
    """
    labels = classifier.labels(amplitudes)
    both, either = (labels & masks).sum((-2, -1)), labels.sum((-2, -1)) + masks.sum((-2, -1))
    dice = np.divide(2.0 * both, either, out=np.ones(len(masks)), where=either > 0)
    particles, background = masks.sum(), (~masks).sum()
    false = (labels & ~masks).sum()
    return Found(float(both.sum() / max(1, particles)), float(false / max(1, background)), float(dice.mean()))
