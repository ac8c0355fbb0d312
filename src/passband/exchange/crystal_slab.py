"""A unit cell, whatever its angles, to a right-angled field full of the crystal along a zone axis.

Along the sides of the field, lattice vectors are sought that lie as straight and are as long as wanted; the cell that
they span with the zone axis is then brought to right angles by one linear map. Where the lattice has such vectors
(cubic, hexagonal, any orthogonal cell) the map is a stretch to whole pixels and nothing else; elsewhere it also shears.
How far it strains the crystal is told, and too much is refused.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from math import ceil, gcd
from typing import Final

import ase
import numpy as np
from ase.build import make_supercell
from numpy.typing import NDArray

from passband.errors import UserError
from passband.structure.cell import UnitCell
from passband.structure.periodic import wrapped
from passband.units import A_to_nm

LARGEST_STRAIN: Final = 0.02
"""More would move reflections visibly: a fiftieth of their distance from the centre."""
FINE_STRAIN: Final = 0.002
"""Among sides that strain less than this, the shortest is taken."""
SLACK: Final = 0.25
"""How much longer than wanted a side may be, as a part of it (or two cells, if that is more), and whole pixels."""
DIRECTIONS: Final = 40
"""So many lattice vectors are tried as the direction of x."""
LARGEST_ATOMS: Final = 2_000_000

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class SlabSize:
    """Wanted sides [Å] of the field and thickness [Å] along the beam; both are minima.

    The sides become an even whole number of pixels of pixel_A. thickness_A 0: one repeat along the beam.
    """

    side_A: float
    thickness_A: float
    pixel_A: float


@dataclass(frozen=True, eq=False)
class Slab:
    """positions_A (n, 3) and numbers (n,) in a right-angled box box_A [Å], strained by at most ``strain``."""

    positions_A: Floats
    numbers: NDArray[np.int64]
    box_A: tuple[float, float, float]
    strain: float


def crystal_slab(cell: UnitCell, zone_axis: tuple[int, int, int], size: SlabSize, name: str) -> Slab:
    """The crystal with [u v w] along the beam (+z), periodic in x and y, at least as large as wanted.

    x lies along a short lattice vector, the shortest that is perpendicular to the beam if that fits. Raises UserError,
    naming the crystal, where no field of up to 1.25 times the side takes it with less than 2 % strain, or it would hold
    too many atoms.
    """
    zone = _primitive(zone_axis, name)
    fit = _best_fit(cell.vectors_A, zone, size)
    matrix, box_A, strain = fit.matrix, fit.box_A, fit.strain
    if strain > LARGEST_STRAIN:
        raise UserError(
            f"{name}: along {_shown(zone)} a field of {A_to_nm(size.side_A):g} nm takes the crystal only with a strain "
            f"of {100 * strain:.1f} %; give a larger field_nm, or another zone_axis"
        )
    _check_size(matrix, len(cell.numbers), name)
    primitive = ase.Atoms(numbers=cell.numbers, scaled_positions=cell.fractional, cell=fit.vectors, pbc=True)
    filled = make_supercell(primitive, matrix)
    places = np.asarray(filled.get_scaled_positions(), dtype=np.float64)
    return Slab(
        wrapped(places, 1.0) * np.array(box_A), np.array(filled.numbers, dtype=np.int64), box_A, strain
    )


@dataclass(frozen=True, eq=False)
class _Side:
    """A lattice vector by its indices (3,), and the length [Å] that it gets along its axis."""

    indices: NDArray[np.int64]
    length_A: float


@dataclass(frozen=True, eq=False)
class _Fit:
    """Turned lattice vectors (rows), the supercell (rows, in units of them), the box that it becomes, its strain."""

    vectors: Floats
    matrix: NDArray[np.int64]
    box_A: tuple[float, float, float]
    strain: float


def _best_fit(vectors_A: Floats, zone: NDArray[np.int64], size: SlabSize) -> _Fit:
    """The first direction of x that strains little, else the one of all that strains least."""
    height_A = float(np.linalg.norm(zone @ vectors_A))
    repeats = max(1, ceil(size.thickness_A / height_A - 1e-9))
    fits: list[_Fit] = []
    for vectors in _turned(vectors_A, zone):
        x, y = (_side(vectors, axis, size) for axis in (0, 1))
        matrix = np.array([x.indices, y.indices, repeats * zone])
        box_A = (x.length_A, y.length_A, repeats * height_A)
        fits.append(_Fit(vectors, matrix, box_A, _largest_strain(matrix @ vectors, box_A)))
        if fits[-1].strain <= 2 * FINE_STRAIN:
            break
    return min(fits, key=lambda fit: fit.strain)


def _primitive(zone_axis: tuple[int, int, int], name: str) -> NDArray[np.int64]:
    divisor = gcd(*zone_axis)
    if divisor == 0:
        raise UserError(f"{name}: zone_axis [0 0 0] is no direction; [0 0 1] looks along c")
    return np.array(zone_axis, dtype=np.int64) // divisor


def _turned(vectors_A: Floats, zone: NDArray[np.int64]) -> Iterator[Floats]:
    """The lattice vectors (rows) with the zone axis along z and, in turn, one of the short ones along x.

    First those that are perpendicular to the beam, and of them the shortest.
    """
    along = zone @ vectors_A
    z = along / np.linalg.norm(along)
    places = np.array([index for index in product((2, 1, 0, -1, -2), repeat=3) if any(index)]) @ vectors_A
    lengths = np.linalg.norm(places, axis=1)
    leaning = np.round(np.abs(places @ z) / lengths, 4)
    for place in places[np.lexsort((np.round(lengths, 4), leaning))[:DIRECTIONS]]:
        x = place - (place @ z) * z
        x = x / np.linalg.norm(x)
        yield np.asarray(vectors_A @ np.stack([x, np.cross(z, x), z]).T)


def _side(vectors: Floats, axis: int, size: SlabSize) -> _Side:
    """The shortest lattice vector along an axis that strains little, else the one that strains least."""
    direction = np.eye(3)[axis]
    longest = max(size.side_A * (1 + SLACK), size.side_A + 2 * float(np.linalg.norm(vectors, axis=1).max()))
    step = float(np.linalg.norm(vectors, axis=1).min()) / 2
    even_A = 2 * size.pixel_A
    wanted = np.arange(size.side_A, longest + even_A + step, step)[:, None] * (
        direction @ np.linalg.inv(vectors)
    )
    near = np.array(list(product((-1, 0, 1), repeat=3)))
    indices = np.unique((np.round(wanted).astype(np.int64)[:, None] + near).reshape(-1, 3), axis=0)
    reached = indices @ vectors
    lengths = even_A * np.round(reached[:, axis] / even_A)
    kept = (lengths >= size.side_A - 1e-6) & (lengths <= longest + even_A)
    indices, reached, lengths = indices[kept], reached[kept], lengths[kept]
    strains = np.linalg.norm(reached - lengths[:, None] * direction, axis=1) / lengths
    fine = np.flatnonzero(strains <= max(FINE_STRAIN, float(strains.min()) + 1e-9))
    best = fine[np.lexsort((strains[fine], lengths[fine]))[0]]
    return _Side(indices[best], float(lengths[best]))


def _largest_strain(supercell: Floats, box_A: tuple[float, float, float]) -> float:
    stretches = np.linalg.svd(np.linalg.inv(supercell) @ np.diag(box_A), compute_uv=False)
    return float(np.abs(stretches - 1).max())


def _check_size(matrix: NDArray[np.int64], atoms_per_cell: int, name: str) -> None:
    atoms = round(abs(float(np.linalg.det(matrix)))) * atoms_per_cell
    if atoms > LARGEST_ATOMS:
        raise UserError(
            f"{name}: the field would hold {atoms:,} atoms; give a field_nm or thickness_nm for at most "
            f"{LARGEST_ATOMS:,}"
        )


def _shown(zone: NDArray[np.int64]) -> str:
    return "[" + " ".join(str(index) for index in zone) + "]"
