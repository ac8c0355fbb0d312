"""Graphene: sheets that close in a square periodic field.

A sheet closes where two of its lattice vectors p and q become the sides of the field. The nearest lattice
vectors are not exactly as long as the field nor exactly at right angles; the homogeneous strain that makes
them so has principal values s1, s2 - 1, and pairs beyond the record's largest_strain are left out. Which of the
remaining is taken, with its rotation, is drawn.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from passband.errors import UserError
from passband.structure.distribution import LAYER_SPACING_A, Graphene
from passband.structure.periodic import wrapped

LATTICE_A = 2.46
"""Lattice parameter of graphene: sqrt(3) times the bond of 1.42 Å (A. H. Castro Neto et al., Rev. Mod. Phys. 81
(2009) 109, section II)."""
_VECTORS = np.array([[1.0, 0.0], [-0.5, np.sqrt(3) / 2]])
_SITES = np.array([[1 / 3, 2 / 3], [2 / 3, 1 / 3]])
_NEXT_SHEET = np.array([1 / 3, 2 / 3])


@dataclass(frozen=True)
class Closure:
    """Integer steps of a sheet's two vectors along the sides x and y of the field, and what closing costs.

    strain: the principal strain that is largest in size, with its sign.
    """

    x: tuple[int, int]
    y: tuple[int, int]
    strain: float


def draw_graphene(support: Graphene, field_A: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """Places (n, 3): x, y and depth below the first sheet [Å]. Raises UserError where no sheet closes."""
    closures = closing_sheets(field_A, support.largest_strain)
    closure = closures[int(rng.integers(len(closures)))]
    sheets = int(rng.integers(*support.layers, endpoint=True))
    origin = rng.random(2)
    steps = np.array([closure.x, closure.y])
    sites = _sites_in(steps) + origin
    parts = []
    for sheet in range(sheets):
        fractional = (sites + (sheet % 2) * _NEXT_SHEET) @ np.linalg.inv(steps)
        depth_A = np.full((len(sites), 1), sheet * LAYER_SPACING_A)
        parts.append(np.hstack([wrapped(wrapped(fractional, 1.0) * field_A, field_A), depth_A]))
    return np.concatenate(parts)


@lru_cache(maxsize=64)
def closing_sheets(field_A: float, largest_strain: float) -> tuple[Closure, ...]:
    """All orientations, up to the sheet's own symmetry, that close in a field [Å] within this strain.

    Raises UserError, naming the least strain that would do, where there is none.
    """
    closures = [found for x in _steps_of_length(field_A) for found in _closed(x, field_A)]
    within = tuple(each for each in closures if abs(each.strain) <= largest_strain)
    if not within:
        least = min((abs(each.strain) for each in closures), default=np.inf)
        raise UserError(
            f"support.largest_strain: no sheet of graphene closes in a field of {field_A:g} Å within "
            f"{largest_strain:g}; the least is {least:.2g}, or choose another field_nm"
        )
    return within


def _steps_of_length(field_A: float) -> list[tuple[int, int]]:
    """Integer steps of vectors about as long as the field, at 0 to 60 degrees from the sheet's first vector."""
    reach = int(np.ceil(1.2 * field_A / LATTICE_A)) + 1
    i, j = (grid.ravel() for grid in np.meshgrid(*[np.arange(reach)] * 2, indexing="ij"))
    steps = np.column_stack([i + j, j])  # sums of the vectors at 0 and at 60 degrees
    steps = steps[(i > 0)]
    lengths_A = LATTICE_A * np.linalg.norm(steps @ _VECTORS, axis=1)
    near = np.abs(lengths_A - field_A) < LATTICE_A / 2
    return [(int(a), int(b)) for a, b in steps[near]]


def _closed(x: tuple[int, int], field_A: float) -> list[Closure]:
    """The sheets whose side x is given and whose side y comes nearest to being as long and at right angles."""
    along = np.array(x) @ _VECTORS
    upright = np.array([-along[1], along[0]]) / np.linalg.norm(along) * (field_A / LATTICE_A)
    corner = np.floor(upright @ np.linalg.inv(_VECTORS)).astype(int)
    found = []
    for step in ((0, 0), (0, 1), (1, 0), (1, 1)):
        y = (int(corner[0] + step[0]), int(corner[1] + step[1]))
        sides_A = LATTICE_A * np.array([x, y]) @ _VECTORS
        strains = field_A / np.linalg.svd(sides_A, compute_uv=False) - 1
        found.append(Closure(x, y, float(strains[np.abs(strains).argmax()])))
    return found


def _sites_in(steps: NDArray[np.int64]) -> NDArray[np.float64]:
    """The atoms of the cells in one period, (n, 2) in units of the sheet's vectors."""
    (a, b), (c, d) = steps.tolist()
    corners = np.array([[0, 0], [a, b], [c, d], [a + c, b + d]])
    low, high = corners.min(axis=0), corners.max(axis=0)
    grids = np.meshgrid(*(np.arange(low[k], high[k] + 1) for k in range(2)), indexing="ij")
    cells = np.stack(grids, axis=-1).reshape(-1, 2)
    times_det = cells @ np.array([[d, -b], [-c, a]])  # whole numbers, so that no cell is lost or met twice
    inside = ((times_det >= 0) & (times_det < a * d - b * c)).all(axis=1)
    return np.asarray((cells[inside][:, None] + _SITES).reshape(-1, 2))
