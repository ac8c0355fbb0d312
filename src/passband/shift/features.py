"""How far apart two clouds of features are: of images, or of what a network makes of them.

Features are (n_images, n_features), finite, for example means over space of a network's deepest layer. All
distances are 0 for equal clouds, symmetric, and know nothing of physics.

References: D. C. Dowson, B. V. Landau, J. Multivar. Anal. 12, 450 (1982); A. Gretton et al., J. Mach. Learn.
Res. 13, 723 (2012); N. Bonneel et al., J. Math. Imaging Vis. 51, 22 (2015).
"""

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import sqrtm
from scipy.spatial.distance import cdist

from passband.seeds import random_stream

Floats = NDArray[np.float64]


def frechet_distance(a: Floats, b: Floats) -> float:
    """|μ - μ'|² + tr[Σ + Σ' - 2 (Σ Σ')^½], of normal distributions with the clouds' moments, 0 or more.

    Needs more images than features to be stable; raises ValueError for fewer than two.
    """
    _check(a, b)
    own, other = (np.atleast_2d(np.cov(each, rowvar=False)) for each in (a, b))
    root = sqrtm(own @ other).real
    apart = float(((a.mean(0) - b.mean(0)) ** 2).sum())
    return max(0.0, apart + float(np.trace(own) + np.trace(other) - 2 * np.trace(root)))


def maximum_mean_discrepancy(a: Floats, b: Floats) -> float:
    """MMD with a Gaussian kernel as wide as the median distance of the two clouds, 0 or more (biased estimate)."""
    _check(a, b)
    within_a, within_b, across = cdist(a, a), cdist(b, b), cdist(a, b)
    width = float(np.median(across))
    if width == 0:
        return 0.0
    kernels = [np.exp(-((d / width) ** 2) / 2).mean() for d in (within_a, within_b, across)]
    return float(np.sqrt(max(0.0, kernels[0] + kernels[1] - 2 * kernels[2])))


def sliced_wasserstein(a: Floats, b: Floats, directions: int = 128, seed: int = 0) -> float:
    """Root mean square over random directions of the Wasserstein-2 distance of the projected clouds, 0 or more."""
    _check(a, b)
    axes = random_stream(seed, "directions").normal(size=(a.shape[1], directions))
    axes /= np.linalg.norm(axes, axis=0)
    levels = (np.arange(256) + 0.5) / 256
    quantiles = [np.quantile(each @ axes, levels, axis=0) for each in (a, b)]
    return float(np.sqrt(np.mean((quantiles[0] - quantiles[1]) ** 2)))


def _check(a: Floats, b: Floats) -> None:
    if min(len(a), len(b)) < 2 or a.shape[1] != b.shape[1]:
        raise ValueError("two clouds need two images each, and the same features")
