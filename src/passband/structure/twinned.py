"""Multiply twinned fcc lattices: five crystals around an edge (decahedron), twenty around a point (icosahedron).

Five regular tetrahedra around a common edge leave a gap of 360° - 5 · 70.53° = 7.36°, twenty around a common corner
a gap of solid angle. Here the gap is closed by one homogeneous strain of every crystal that keeps its volume
(C. Y. Yang, J. Cryst. Growth 47 (1979) 274 and 283; V. G. Gryaznov et al., Cryst. Res. Technol. 34 (1999) 1091,
section 3.3; that the volume is kept is ours). In the decahedron the angle at the edge opens to 72°: +1.37 %
around the axis, -1.35 % away from it, nothing along it. In the icosahedron the bonds around a shell are 5.15 %
longer than those between shells (A. L. Mackay, Acta Cryst. 15 (1962) 916): +2.61 % and -2.41 %. Real particles
share the strain out unevenly and relax at the surface (C. L. Johnson et al., Nature Materials 7 (2008) 120);
that is not modelled.
"""

from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from passband.errors import UserError
from passband.structure.cell import UnitCell, unit_cell
from passband.structure.crystals import Crystal
from passband.structure.lattice import Lattice, lattice_around
from passband.structure.stacking import is_fcc_element

HALF_ANGLE = np.pi / 5
"""Half the angle between the two twin planes of one of the five crystals [rad]."""
_AXES = np.array([[0.0, 0.0, 1.0], [np.sqrt(0.5), -np.sqrt(0.5), 0.0], [np.sqrt(0.5), np.sqrt(0.5), 0.0]])
"""Rows: directions of the cube that become x (away from the axis), y (around it) and z (the five-fold axis)."""
_OPENING = np.sqrt(np.tan(HALF_ANGLE) * np.sqrt(2.0))
_EDGES = np.array([[0.5, 0.5, 0.0], [0.0, 0.5, 0.5], [0.5, 0.0, 0.5]])
"""Three edges of a tetrahedron in the cube, from one corner; right-handed."""
_TOUCHING_A = 0.1


def check_fcc(crystal: Crystal, shape: str) -> None:
    """That a crystal can be multiply twinned. Raises UserError where it is not an fcc element in its cubic cell."""
    if not is_fcc_element(unit_cell(crystal)):
        raise UserError(
            f"particles.shape: a {shape} is made of fcc crystals of one element, which {crystal.name} is not in "
            "this cell; choose one, such as Au, or another shape"
        )


def decahedral_cell(cube: UnitCell) -> UnitCell:
    """The strained cell of the first of five fcc crystals: its [110] along z, its two twin planes at ±36° from x."""
    strain = np.diag([1 / _OPENING, _OPENING, 1.0])
    return UnitCell(cube.vectors_A @ _AXES.T @ strain, cube.fractional, cube.numbers)


def icosahedral_cell(cube: UnitCell) -> UnitCell:
    """The strained cell of the first of twenty fcc crystals: [110], [011] and [101] are five-fold axes."""
    length = (np.linalg.det(_EDGES) / np.linalg.det(FACES[0])) ** (1 / 3)
    deformation = np.linalg.solve(_EDGES, length * FACES[0])
    return UnitCell(cube.vectors_A @ deformation, cube.fractional, cube.numbers)


def decahedral_lattice(cell: UnitCell, radius_A: float, height_A: float) -> Lattice:
    """The five crystals within a sphere [Å]; the five-fold axis is z, through an atom at this height [Å]."""
    first = lattice_around(cell, radius_A, np.array([0.0, 0.0, height_A]) - cell.positions_A[0])
    x, y = first.positions_A[:, 0], first.positions_A[:, 1]
    on_axis = np.hypot(x, y) < _TOUCHING_A
    within = np.abs(np.arctan2(y, x)) < HALF_ANGLE
    to_lower_A = x * np.sin(HALF_ANGLE) + y * np.cos(HALF_ANGLE)
    to_upper_A = x * np.sin(HALF_ANGLE) - y * np.cos(HALF_ANGLE)
    lower_twin = np.logical_and(np.abs(to_lower_A) < _TOUCHING_A, x > 0)
    upper_twin = np.logical_and(np.abs(to_upper_A) < _TOUCHING_A, x > 0)
    sector = np.asarray((within | lower_twin) & ~upper_twin & ~on_axis)
    turns = [about_z(2 * HALF_ANGLE * k) for k in range(5)]
    return _assembled(cell, [first.selected(np.asarray(on_axis))], first.selected(sector), turns)


def icosahedral_lattice(cell: UnitCell, radius_A: float) -> Lattice:
    """The twenty crystals within a sphere [Å] around the atom at the origin."""
    first = lattice_around(cell, radius_A, -cell.positions_A[0])
    inside = np.asarray((first.positions_A @ np.linalg.inv(FACES[0]) > -1e-6).all(axis=1))
    turns = [np.linalg.solve(FACES[0], face).T for face in FACES]
    return _without_copies(_assembled(cell, [], first.selected(inside), turns))


def about_z(angle: float) -> NDArray[np.float64]:
    """The rotation (3, 3) about z by an angle [rad]."""
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])


def _assembled(
    cell: UnitCell, once: list[Lattice], part: Lattice, turns: list[NDArray[np.float64]]
) -> Lattice:
    copies = [*once, *(Lattice(cell, part.positions_A @ turn.T, part.sites) for turn in turns)]
    return Lattice(
        cell,
        np.concatenate([copy.positions_A for copy in copies]),
        np.concatenate([copy.sites for copy in copies]),
    )


def _without_copies(lattice: Lattice) -> Lattice:
    """One of each group of atoms that stand in one place, since they belong to several crystals."""
    pairs = cKDTree(lattice.positions_A).query_pairs(_TOUCHING_A, output_type="ndarray")
    keep = np.ones(len(lattice.sites), dtype=bool)
    keep[pairs.max(axis=1, initial=-1)] = False
    return lattice.selected(keep)


def _faces() -> NDArray[np.float64]:
    """The corners (20, 3, 3) of the faces of an icosahedron of radius 1, rows in right-handed order."""
    golden = (1 + np.sqrt(5)) / 2
    corners = np.array([[0, a, b * golden] for a in (-1, 1) for b in (-1, 1)]) / np.hypot(1, golden)
    corners = np.concatenate([np.roll(corners, k, axis=1) for k in range(3)])
    cosine_of_edge = 1 / np.sqrt(5)
    threes = [corners[list(three)] for three in combinations(range(12), 3)]
    faces = [face for face in threes if np.allclose((face @ face.T)[[0, 0, 1], [1, 2, 2]], cosine_of_edge)]
    return np.array([face if np.linalg.det(face) > 0 else face[::-1] for face in faces])


FACES = _faces()
