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


@dataclass(frozen=True)
class Regions:
    """Connected regions of one mask.

    labels: int32 (ny, nx), 0 outside and 1, 2, ... in the regions, specks among them. areas_px: int64 (n + 1,), of
    each label. is_particle: bool (n + 1,), whether a label is a region of at least SPECK_AREA_NM2.
    """

    labels: NDArray[np.int32]
    areas_px: NDArray[np.int64]
    is_particle: NDArray[np.bool_]
    sampling_A: float

    @property
    def count(self) -> int:
        """How many particles there are."""
        return int(self.is_particle.sum())

    def mean_diameter_nm(self) -> float:
        """Mean equivalent diameter of the particles [nm], NaN where there are none."""
        if not self.count:
            return nan
        return float(_diameters_nm(self.areas_px[self.is_particle], self.sampling_A).mean())


def regions(mask: Mask, sampling_A: float) -> Regions:
    """The connected regions of a mask with pixels of ``sampling_A`` [Å]."""
    labels, count = ndimage.label(mask)
    areas_px = np.bincount(labels.ravel(), minlength=count + 1)
    is_particle = areas_px * (sampling_A / 10) ** 2 >= SPECK_AREA_NM2
    is_particle[0] = False
    return Regions(labels, areas_px, is_particle, sampling_A)


def particle_regions(mask: Mask, sampling_A: float) -> NDArray[np.int32]:
    """Labels (ny, nx): 0 outside, and 1, 2, ... in the connected regions of at least SPECK_AREA_NM2."""
    found = regions(mask, sampling_A)
    numbers = np.where(found.is_particle, np.cumsum(found.is_particle), 0).astype(np.int32)
    renumbered: NDArray[np.int32] = numbers[found.labels]
    return renumbered


def equivalent_diameters_nm(labels: NDArray[np.int32], sampling_A: float) -> NDArray[np.float64]:
    """Diameter [nm] of the disc that has the area of each region, in the order of the labels."""
    return _diameters_nm(np.bincount(labels.ravel())[1:], sampling_A)


def score_particles(predicted: Mask, true: Mask, sampling_A: float) -> ParticleScore:
    """Match the particles of a predicted mask with those of the true one."""
    return score_regions(regions(predicted, sampling_A), regions(true, sampling_A))


def score_regions(found: Regions, true: Regions) -> ParticleScore:
    """Match particles found with the true ones of the same image."""
    shape = len(true.areas_px), len(found.areas_px)
    pairs = true.labels * np.int32(shape[1]) + found.labels
    overlap = np.bincount(pairs.ravel(), minlength=shape[0] * shape[1]).reshape(shape)
    union = true.areas_px[:, None] + found.areas_px - overlap
    both = np.logical_and.outer(true.is_particle, found.is_particle)
    matched = int((both & (overlap > MATCH_IOU * union)).sum())
    number = true.count + found.count
    return ParticleScore(
        f1=2 * matched / number if number else 1.0,
        n_true=true.count,
        n_found=found.count,
        size_error_nm=found.mean_diameter_nm() - true.mean_diameter_nm(),
    )


def _diameters_nm(areas_px: NDArray[np.int64], sampling_A: float) -> NDArray[np.float64]:
    """Diameter [nm] of the disc that has each area."""
    diameters: NDArray[np.float64] = np.sqrt(4 * areas_px * (sampling_A / 10) ** 2 / pi)
    return diameters
