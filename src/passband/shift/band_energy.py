"""Segmentation without a network: logistic regression on local band energies.

An image is split into rings of spatial frequency; the logarithm of the local mean square of every ring, and
the image itself, smoothed, are what a pixel is judged by. Trained on images and masks of one domain and
applied to another, its Dice says how far texture and brightness alone carry over. It takes masks of both
domains, which a simulation has. Energies are computed once per domain, for all classifiers.
"""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from passband.grid import Grid
from passband.seeds import random_stream

BANDS: Final = 8
"""Rings of equal width from 0 to the end of the pixels' band."""
FAINTEST: Final = 1e-6
"""Energy that is added before the logarithm; images have variance 1."""
MOST_PIXELS: Final = 20_000
"""So many pixels, drawn at random, are enough to fit on."""


def band_energies(
    images: NDArray[np.floating], sampling_A: float, smoothing_A: float = 5.0
) -> NDArray[np.float32]:
    """Features (n, ny, nx, BANDS + 1) of periodic images (n, ny, nx) of mean 0 and variance 1.

    smoothing_A: standard deviation of the Gaussian [Å] over which energies are taken.
    """
    grid = Grid((images.shape[-2], images.shape[-1]), sampling_A)
    q = np.hypot(*grid.frequencies_per_A())
    band = np.minimum((q / grid.nyquist_per_A * BANDS).astype(np.int64), BANDS)
    width = (0.0, smoothing_A / sampling_A, smoothing_A / sampling_A)
    spectrum = np.fft.fft2(np.asarray(images, dtype=np.float64))
    features = np.empty((*images.shape, BANDS + 1), dtype=np.float32)
    features[..., 0] = gaussian_filter(images, width, mode="wrap")
    for k in range(BANDS):
        part = np.fft.ifft2(np.where(band == k, spectrum, 0)).real
        features[..., k + 1] = np.log(gaussian_filter(part**2, width, mode="wrap") + FAINTEST)
    return features


def fit_band_classifier(energies: NDArray[np.float32], masks: NDArray[np.floating]) -> Any:
    """A scikit-learn classifier fitted on the energies and masks (n, ny, nx) of one domain.

    Raises ValueError where the masks are all of one class.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    labels = np.asarray(masks).ravel() > 0.5
    if labels.all() or not labels.any():
        raise ValueError("a classifier needs pixels of particles and pixels beside them")
    drawn = random_stream(0, "pixels").permutation(len(labels))[:MOST_PIXELS]
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    return model.fit(energies.reshape(-1, BANDS + 1)[drawn], labels[drawn])


def band_classifier_dice(
    classifier: Any, energies: NDArray[np.float32], masks: NDArray[np.floating]
) -> float:
    """Mean Dice in [0, 1] of a classifier on energies and masks (n, ny, nx) of a domain; empty against empty is 1."""
    true = np.asarray(masks) > 0.5
    labels = classifier.predict(energies.reshape(-1, BANDS + 1)).reshape(true.shape)
    both, either = (labels & true).sum((-2, -1)), labels.sum((-2, -1)) + true.sum((-2, -1))
    return float(np.mean(np.divide(2.0 * both, either, out=np.ones(len(true)), where=either > 0)))
