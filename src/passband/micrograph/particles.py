"""The particles of a mask: what a microscopist counts and measures.

They are the regions that `passband.evaluation.particles` counts when it scores a network: pixels that touch
along their sides, 1 nm² or more together. Lengths are on the pixels of the original image: in nm from its
upper left corner, in px from the centre of its first pixel.
"""

import csv
import io
from dataclasses import astuple, dataclass, fields
from math import pi, sqrt

import numpy as np
from numpy.typing import NDArray

from passband.evaluation.particles import particle_regions
from passband.units import nm_to_A


@dataclass(frozen=True)
class Particle:
    """One row of the table; the unit is in the name. The diameter is that of a disc of equal area."""

    id: int
    centre_x_nm: float
    centre_y_nm: float
    area_nm2: float
    equivalent_diameter_nm: float
    touches_edge: bool
    centre_x_px: float
    centre_y_px: float


def measured_particles(mask: NDArray[np.bool_], pixel_size_nm: tuple[float, float]) -> list[Particle]:
    """The particles of a mask (ny, nx) with pixels (y, x) [nm], from the top to the bottom."""
    size_y, size_x = pixel_size_nm
    regions = particle_regions(mask, nm_to_A(sqrt(size_y * size_x)))
    places = np.nonzero(regions)
    index = regions[places] - 1
    n_px = np.bincount(index)
    y_px, x_px = (np.bincount(index, weights=place) / n_px for place in places)
    edge = np.isin(np.arange(1, len(n_px) + 1), _border(regions))
    return [
        Particle(
            id=i + 1,
            centre_x_nm=float((x_px[i] + 0.5) * size_x),
            centre_y_nm=float((y_px[i] + 0.5) * size_y),
            area_nm2=float(n_px[i] * size_y * size_x),
            equivalent_diameter_nm=sqrt(4 * float(n_px[i] * size_y * size_x) / pi),
            touches_edge=bool(edge[i]),
            centre_x_px=float(x_px[i]),
            centre_y_px=float(y_px[i]),
        )
        for i in range(len(n_px))
    ]


def particles_csv(rows: list[Particle]) -> str:
    """The table with a header line; numbers with six significant digits."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(field.name for field in fields(Particle))
    for row in rows:
        writer.writerow(f"{value:.6g}" if isinstance(value, float) else value for value in astuple(row))
    return text.getvalue()


def _border(regions: NDArray[np.int32]) -> NDArray[np.int32]:
    return np.concatenate([regions[0], regions[-1], regions[:, 0], regions[:, -1]])
