"""How far apart two clouds of features are: of images, or of what a network makes of them.

Features are (n_images, n_features), finite, for example means over space of a network's deepest layer. All
distances are 0 for equal clouds, symmetric, and know nothing of physics.

References: D. C. Dowson, B. V. Landau, J. Multivar. Anal. 12, 450 (1982); A. Gretton et al., J. Mach. Learn.
Res. 13, 723 (2012); N. Bonneel et al., J. Math. Imaging Vis. 51, 22 (2015); S. Kornblith et al., ICML 2019; L. Song
et al., J. Mach. Learn. Res. 13, 1393 (2012); G. H. Golub, C. F. Van Loan, Matrix Computations (2013), 6.4.3.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import sqrtm, subspace_angles
from scipy.spatial.distance import cdist

from passband.seeds import random_stream

Floats = NDArray[np.float64]

SUBSPACE_AXES: Final = 3
"""Principal axes that a cloud is known by."""


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


def kernel_alignment(a: Floats, b: Floats) -> float:
    """Centred kernel alignment of two clouds whose rows are of the same structures: 1 for equal ones, at most 1.

    HSIC(K, L) / √(HSIC(K, K) HSIC(L, L)) with K = a aᵀ, L = b bᵀ and the unbiased HSIC of Song, about 0 for clouds
    that have nothing to do with each other, however many features they have. It does not change when either cloud is
    shifted, rotated or scaled. NaN where a cloud does not vary; raises ValueError for fewer than four images.
    """
    _check(a, b)
    if len(a) != len(b) or len(a) < 4:
        raise ValueError("alignment needs the same images twice, four at least")
    own, other = (each - each.mean(0) for each in (a, b))
    across, within = _hsic(own, other), (_hsic(own, own), _hsic(other, other))
    return across / float(np.sqrt(within[0] * within[1])) if min(within) > 0 else float("nan")


def subspace_distance(a: Floats, b: Floats) -> float:
    """√(Σ sin²θ / k) in [0, 1] of the angles θ between the k = `SUBSPACE_AXES` principal axes of either cloud.

    0 where the clouds vary along the same directions, wherever they lie; fewer axes where there are fewer features.
    """
    _check(a, b)
    count = min(SUBSPACE_AXES, a.shape[1])
    axes = [np.linalg.svd(each - each.mean(0), full_matrices=False)[2][:count].T for each in (a, b)]
    return float(np.sqrt(np.mean(np.sin(subspace_angles(*axes)) ** 2)))


def _hsic(a: Floats, b: Floats) -> float:
    """The unbiased Hilbert-Schmidt independence criterion of linear kernels."""
    n = len(a)
    first, second = a @ a.T, b @ b.T
    np.fill_diagonal(first, 0.0)
    np.fill_diagonal(second, 0.0)
    whole = first.sum() * second.sum() / ((n - 1) * (n - 2))
    shared = 2 * float(first.sum(0) @ second.sum(0)) / (n - 2)
    return float(((first * second).sum() + whole - shared) / (n * (n - 3)))


def _check(a: Floats, b: Floats) -> None:
    if min(len(a), len(b)) < 2 or a.shape[1] != b.shape[1]:
        raise ValueError("two clouds need two images each, and the same features")
