"""Particles in a mask: found as connected regions, matched one to one, measured by their area.

Two regions match where their intersection over union is above 0.5; a region then has at most one partner,
so that matching needs no choice (Kirillov et al., "Panoptic segmentation", CVPR 2019). Regions are joined
through edges, not corners, and not around the borders of the image, because a real image has none to go
around.
"""

from dataclasses import dataclass
from math import nan, pi
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

MATCH_IOU: Final = 0.5
SPECK_AREA_NM2: Final = 1.0
"""Smaller regions [nm²] are no particles; a disc of this area is 1.1 nm wide, the smallest published 3 nm."""

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class ParticleScore:
    """Particles of one image.

    f1: 2 matched / (true + found), 1 where there are none of either. n_true, n_found: how many.
        size_error_nm: mean equivalent diameter found minus true [nm]; NaN where there are none of one or
        the other.
    """

    f1: float
    n_true: int
    n_found: int
    size_error_nm: float


def particle_regions(mask: Mask, sampling_A: float) -> NDArray[np.int32]:
    """Labels (ny, nx): 0 outside, and 1, 2, ... in the connected regions of at least SPECK_AREA_NM2."""
    labels, count = ndimage.label(mask)
    areas_px = np.bincount(labels.ravel(), minlength=count + 1)
    kept = areas_px * (sampling_A / 10) ** 2 >= SPECK_AREA_NM2
    kept[0] = False
    numbers = np.where(kept, np.cumsum(kept), 0).astype(np.int32)
    renumbered: NDArray[np.int32] = numbers[labels]
    return renumbered


def equivalent_diameters_nm(regions: NDArray[np.int32], sampling_A: float) -> NDArray[np.float64]:
    """Diameter [nm] of the disc that has the area of each region, in the order of the labels."""
    areas_nm2 = np.bincount(regions.ravel())[1:] * (sampling_A / 10) ** 2
    diameters: NDArray[np.float64] = np.sqrt(4 * areas_nm2 / pi)
    return diameters


def score_particles(predicted: Mask, true: Mask, sampling_A: float) -> ParticleScore:
    """Match the particles of a predicted mask with those of the true one."""
    found, real = particle_regions(predicted, sampling_A), particle_regions(true, sampling_A)
    n_found, n_true = int(found.max(initial=0)), int(real.max(initial=0))
    both = np.bincount((real * (n_found + 1) + found).ravel(), minlength=(n_true + 1) * (n_found + 1))
    overlap = both.reshape(n_true + 1, n_found + 1)
    union = overlap.sum(1, keepdims=True) + overlap.sum(0, keepdims=True) - overlap
    matched = int((overlap[1:, 1:] > MATCH_IOU * union[1:, 1:]).sum())
    f1 = 2 * matched / (n_true + n_found) if n_true + n_found else 1.0
    error = nan
    if n_true and n_found:
        error = float(
            equivalent_diameters_nm(found, sampling_A).mean()
            - equivalent_diameters_nm(real, sampling_A).mean()
        )
    return ParticleScore(f1, n_true, n_found, error)
