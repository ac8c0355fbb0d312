"""The shape of a particle: a sphere, the polyhedron of Wulff, or that of a multiply twinned particle.

Wulff's construction takes, for every facet, the half-space that ends at a distance proportional to the
facet's surface energy; the equilibrium shape is what all of them share (Wulff, Z. Kristallogr. 34 (1901)
449). A body of half-spaces n_i · x <= d_i around the origin is the polar dual of the convex hull of the
points n_i / d_i, which gives its corners. On a support one more half-space ends at the contact plane (W. L.
Winterbottom, Acta Metall. 15 (1967) 303). In a decahedron the construction is made for each of the five crystals
(L. D. Marks, Phil. Mag. A 49 (1984) 81): its own {111} planes cut the notches at the twin planes.
"""

from dataclasses import dataclass, replace
from functools import lru_cache
from math import pi

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import ConvexHull, QhullError

from passband.errors import UserError
from passband.structure.cell import point_group, unit_cell
from passband.structure.crystals import Crystal
from passband.structure.distribution import Facet, ParticleDistribution
from passband.structure.twinned import FACES, HALF_ANGLE, check_fcc, decahedral_cell

_TOLERANCE_A = 1e-6
_DIRECTIONS = 20_000
_EQUAL = (Facet(hkl=(1, 1, 1), energy_J_per_m2=1.0), Facet(hkl=(1, 0, 0), energy_J_per_m2=1.0))


@dataclass(frozen=True, eq=False)
class Shape:
    """All points with |x| <= radius_A and normals · x <= distances_A; a sphere has no planes.

    normals: (k, 3) unit vectors; distances_A: (k,) > 0 [Å]; radius_A: radius of the circumscribed sphere, or of
    the one that rounds the corners off [Å].
    sectors: how often the planes are repeated around z, each time for the sector of 360°/sectors around them; the
    first sector lies around x.
    """

    normals: NDArray[np.float64]
    distances_A: NDArray[np.float64]
    radius_A: float
    sectors: int = 1

    def contains(self, positions_A: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Which positions (n, 3) [Å], relative to the centre, lie in the shape or on its surface: (n,)."""
        near = np.linalg.norm(positions_A, axis=1) <= self.radius_A + _TOLERANCE_A
        first_A = self._in_first_sector(positions_A)
        below = (first_A @ self.normals.T <= self.distances_A + _TOLERANCE_A).all(axis=1)
        return np.asarray(near & below)

    def scaled(self, factor: float) -> "Shape":
        """The same shape, its lengths multiplied by a factor > 0."""
        return replace(self, distances_A=self.distances_A * factor, radius_A=self.radius_A * factor)

    def inset(self, depth_A: float) -> "Shape":
        """What is left after every facet, and the sphere, moved inwards by this depth [Å]."""
        return replace(self, distances_A=self.distances_A - depth_A, radius_A=self.radius_A - depth_A)

    def volume_A3(self) -> float:
        """The volume, from the distance to the surface in 20,000 directions; good to 0.1 %."""
        directions = _spread_directions()
        towards = self._in_first_sector(directions) @ self.normals.T
        with np.errstate(divide="ignore"):
            reach_A = np.where(towards > 0, self.distances_A / towards, np.inf)
        return float(4 * pi / 3 * (reach_A.min(axis=1, initial=self.radius_A) ** 3).mean())

    def _in_first_sector(self, positions_A: NDArray[np.float64]) -> NDArray[np.float64]:
        if self.sectors == 1:
            return positions_A
        x, y, z = positions_A.T
        width = 2 * pi / self.sectors
        angle = np.arctan2(y, x)
        angle = angle - width * np.round(angle / width)
        away_A = np.hypot(x, y)
        return np.column_stack([away_A * np.cos(angle), away_A * np.sin(angle), z])


def sphere(diameter_A: float) -> Shape:
    """A sphere of this diameter [Å] > 0."""
    return Shape(np.empty((0, 3)), np.empty(0), diameter_A / 2)


@lru_cache(maxsize=64)
def wulff(crystal: Crystal, facets: tuple[Facet, ...]) -> Shape:
    """The Wulff shape of a crystal with the volume of a sphere of diameter 1 Å.

    facets: families with their energies; the point group of the crystal makes the members of each family.
    Raises UserError where the facets do not enclose a volume.
    """
    operations = point_group(crystal)
    families = [operations @ plane_normal(unit_cell(crystal).reciprocal_per_A, facet.hkl) for facet in facets]
    normals = np.concatenate(families)
    distances = np.repeat([facet.energy_J_per_m2 for facet in facets], len(operations))
    corners = _corners(normals, distances)
    if corners is None:
        listed = ", ".join(str(list(facet.hkl)) for facet in facets)
        raise UserError(
            f"particles.facets: {listed} and their equivalents in {crystal.name} do not enclose a volume; "
            "add a family, such as the opposite face"
        )
    radius = float(np.linalg.norm(corners, axis=1).max())
    return Shape(normals, distances, radius).scaled((pi / 6 / ConvexHull(corners).volume) ** (1 / 3))


@lru_cache(maxsize=64)
def decahedron(crystal: Crystal, facets: tuple[Facet, ...]) -> Shape:
    """Marks's decahedron of an fcc element around z, with the volume of a sphere of diameter 1 Å.

    facets: {111} and {100} with their energies; none: equal energies. A {100} energy far above that of {111}
    gives a pentagonal bipyramid with notches, one far below a long prism.
    Raises UserError where the crystal is not an fcc element in its cubic cell.
    """
    energies = {sum(map(abs, facet.hkl)): facet.energy_J_per_m2 for facet in facets or _EQUAL}
    check_fcc(crystal, "decahedron")
    reciprocal = decahedral_cell(unit_cell(crystal)).reciprocal_per_A
    caps = [plane_normal(reciprocal, hkl) for hkl in ((1, 1, 1), (-1, -1, 1))]
    side = plane_normal(reciprocal, (0, 0, 1))
    notches = [plane_normal(reciprocal, hkl) for hkl in ((1, -1, 1), (-1, 1, 1))]
    distances = np.array([energies[3]] * 2 + [energies[1]] + [energies[3]] * 2)
    shape = Shape(np.array([*caps, side, *notches]), distances, np.inf, sectors=5)
    return _of_unit_diameter(replace(shape, radius_A=_farthest_corner(shape)))


def icosahedron() -> Shape:
    """The icosahedron of twinned.py with the volume of a sphere of diameter 1 Å."""
    normals = FACES.sum(axis=1)
    normals = normals / np.linalg.norm(normals, axis=1, keepdims=True)
    distance = float(FACES[0, 0] @ normals[0])
    volume = 20 / 6 * float(np.linalg.det(FACES[0]))
    return Shape(normals, np.full(len(normals), distance), 1.0).scaled((pi / 6 / volume) ** (1 / 3))


def particle_shape(crystal: Crystal, particles: ParticleDistribution, diameter_A: float) -> Shape:
    """The shape that a distribution asks for, with the volume of a sphere of this diameter [Å].

    Raises UserError where facets do not enclose a volume, or a crystal cannot be multiply twinned.
    """
    return _unit_shape(crystal, particles).scaled(diameter_A)


def plane_normal(reciprocal_per_A: NDArray[np.float64], hkl: tuple[int, int, int]) -> NDArray[np.float64]:
    """The unit vector (3,) normal to a plane; reciprocal vectors in rows."""
    vector = np.array(hkl) @ reciprocal_per_A
    return np.asarray(vector / np.linalg.norm(vector))


@lru_cache(maxsize=64)
def _unit_shape(crystal: Crystal, particles: ParticleDistribution) -> Shape:
    whole = {
        "sphere": lambda: sphere(1.0),
        "wulff": lambda: wulff(crystal, particles.facets),
        "decahedron": lambda: decahedron(crystal, particles.facets),
        "icosahedron": icosahedron,
    }[particles.shape]()
    if particles.rounding > 0 and particles.shape != "sphere":
        rounded_off = particles.rounding * (whole.radius_A - whole.distances_A.min())
        whole = _of_unit_diameter(replace(whole, radius_A=whole.radius_A - rounded_off))
    resting = particles.resting
    if resting is None or resting.cut is None:
        return whole
    normal = plane_normal(unit_cell(crystal).reciprocal_per_A, resting.hkl)
    normals, distances = np.vstack([whole.normals, normal]), np.append(whole.distances_A, resting.cut / 2)
    return _of_unit_diameter(replace(whole, normals=normals, distances_A=distances))


def _of_unit_diameter(shape: Shape) -> Shape:
    """The shape with the volume of a sphere of diameter 1 Å."""
    return shape.scaled((pi / 6 / shape.volume_A3()) ** (1 / 3))


def _farthest_corner(shape: Shape) -> float:
    """Distance of the farthest corner of the first sector, whose sides are planes through z."""
    half = HALF_ANGLE
    sides = np.array([[-np.sin(half), np.cos(half), 0.0], [-np.sin(half), -np.cos(half), 0.0]])
    normals = np.concatenate([shape.normals, sides])
    distances = np.concatenate([shape.distances_A, np.zeros(2)])
    threes = np.stack(np.meshgrid(*[np.arange(len(normals))] * 3, indexing="ij"), -1).reshape(-1, 3)
    threes = threes[np.abs(np.linalg.det(normals[threes])) > 1e-6]
    corners = np.linalg.solve(normals[threes], distances[threes][..., None])[..., 0]
    within = (corners @ normals.T <= distances + 1e-9).all(axis=1)
    return float(np.linalg.norm(corners[within], axis=1).max())


@lru_cache(maxsize=1)
def _spread_directions() -> NDArray[np.float64]:
    """Unit vectors spread evenly over the sphere along a golden spiral (n, 3)."""
    steps = np.arange(_DIRECTIONS) + 0.5
    z = 1 - 2 * steps / _DIRECTIONS
    angle = pi * (1 + np.sqrt(5)) * steps
    away = np.sqrt(1 - z**2)
    return np.column_stack([away * np.cos(angle), away * np.sin(angle), z])


def _corners(normals: NDArray[np.float64], distances: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """Corners (m, 3) of the body of half-spaces, or None where it is not bounded."""
    try:
        hull = ConvexHull(normals / distances[:, None])
    except QhullError:
        return None
    outward, offsets = hull.equations[:, :3], hull.equations[:, 3]
    if offsets.max() > -1e-9:
        return None
    return np.asarray(outward / -offsets[:, None])
