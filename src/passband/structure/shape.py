"""The shape of a particle: a sphere, or the polyhedron of Wulff.

Wulff's construction takes, for every facet, the half-space that ends at a distance proportional to the
facet's surface energy; the equilibrium shape is what all of them share (Wulff, Z. Kristallogr. 34 (1901)
449). A body of half-spaces n_i · x <= d_i around the origin is the polar dual of the convex hull of the
points n_i / d_i, which gives its corners.
"""

from dataclasses import dataclass
from functools import lru_cache
from math import pi

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import ConvexHull, QhullError

from passband.errors import UserError
from passband.structure.cell import point_group, unit_cell
from passband.structure.crystals import Crystal
from passband.structure.distribution import Facet, ParticleDistribution

_TOLERANCE_A = 1e-6


@dataclass(frozen=True, eq=False)
class Shape:
    """All points with |x| <= radius_A and normals · x <= distances_A; a sphere has no planes.

    normals: (k, 3) unit vectors; distances_A: (k,) [Å]; radius_A: radius of the circumscribed sphere [Å].
    """

    normals: NDArray[np.float64]
    distances_A: NDArray[np.float64]
    radius_A: float

    def contains(self, positions_A: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Which positions (n, 3) [Å], relative to the centre, lie in the shape or on its surface: (n,)."""
        near = np.linalg.norm(positions_A, axis=1) <= self.radius_A + _TOLERANCE_A
        below = (positions_A @ self.normals.T <= self.distances_A + _TOLERANCE_A).all(axis=1)
        return np.asarray(near & below)

    def scaled(self, factor: float) -> "Shape":
        """The same shape, its lengths multiplied by a factor > 0."""
        return Shape(self.normals, self.distances_A * factor, self.radius_A * factor)


def sphere(diameter_A: float) -> Shape:
    """A sphere of this diameter [Å] > 0."""
    return Shape(np.empty((0, 3)), np.empty(0), diameter_A / 2)


@lru_cache(maxsize=64)
def wulff(crystal: Crystal, facets: tuple[Facet, ...]) -> Shape:
    """The Wulff shape of a crystal with the volume of a sphere of diameter 1 Å.

    facets: families with their energies; the point group of the crystal makes the members of each family.
    Raises UserError where the facets do not enclose a volume.
    """
    reciprocal = unit_cell(crystal).reciprocal_per_A
    operations = point_group(crystal)
    families = [operations @ _unit(np.array(facet.hkl) @ reciprocal) for facet in facets]
    normals = np.concatenate(families)
    distances = np.repeat([facet.energy_J_per_m2 for facet in facets], len(operations))
    corners = _corners(normals, distances)
    if corners is None:
        listed = ", ".join(str(list(facet.hkl)) for facet in facets)
        raise UserError(
            f"particles.facets: {listed} and their equivalents in {crystal.name} do not enclose a volume; "
            "add a family, such as the opposite face"
        )
    factor = (pi / 6 / ConvexHull(corners).volume) ** (1 / 3)
    return Shape(normals, distances * factor, float(np.linalg.norm(corners, axis=1).max()) * factor)


def particle_shape(crystal: Crystal, particles: ParticleDistribution, diameter_A: float) -> Shape:
    """The shape that a distribution asks for, with the volume of a sphere of this diameter [Å]."""
    if particles.shape == "sphere":
        return sphere(diameter_A)
    return wulff(crystal, particles.facets).scaled(diameter_A)


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


def _unit(vector: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(vector / np.linalg.norm(vector))
