"""How a particle lies: at random, with a zone axis along the beam, or with a plane on the support."""

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from passband.structure.cell import UnitCell
from passband.structure.distribution import ParticleDistribution
from passband.structure.shape import plane_normal

_BEAM = np.array([0.0, 0.0, 1.0])


def draw_rotation(
    cell: UnitCell, particles: ParticleDistribution, towards_support: float, rng: np.random.Generator
) -> NDArray[np.float64]:
    """The rotation (3, 3), acting on columns, from the particle's axes to the scene's.

    cell: in the particle's axes; towards_support: +1 where the support lies further along the beam, -1 where the
    beam meets it first. Uniform over what the distribution leaves open.
    """
    if particles.resting is not None:
        normal = plane_normal(cell.reciprocal_per_A, particles.resting.hkl)
        return _spun(rng) @ _turn(normal, _BEAM * towards_support)
    if particles.zone_axes:
        axis = np.array(particles.zone_axes[int(rng.integers(len(particles.zone_axes)))]) @ cell.vectors_A
        tilted = _draw_tilted(np.deg2rad(particles.tilt_deg), rng)
        return _turn(_BEAM, tilted) @ _spun(rng) @ _turn(axis / np.linalg.norm(axis), _BEAM)
    return np.asarray(Rotation.random(None, rng).as_matrix())


def _draw_tilted(largest: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """A unit vector (3,), uniform over the cone of directions up to this angle [rad] from the beam."""
    cosine = rng.uniform(np.cos(largest), 1.0)
    azimuth = rng.uniform(0, 2 * np.pi)
    sine = np.sqrt(1 - cosine**2)
    return np.array([sine * np.cos(azimuth), sine * np.sin(azimuth), cosine])


def _spun(rng: np.random.Generator) -> NDArray[np.float64]:
    return np.asarray(Rotation.from_rotvec(rng.uniform(0, 2 * np.pi) * _BEAM).as_matrix())


def _turn(start: NDArray[np.float64], end: NDArray[np.float64]) -> NDArray[np.float64]:
    """A rotation (3, 3) that takes one unit vector to another."""
    return np.asarray(Rotation.align_vectors(end[None], start[None])[0].as_matrix())
