"""Rough surfaces: the stated share of surface atoms, the least bound first, nothing inside."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from passband.structure.crystals import CRYSTALS
from passband.structure.distribution import Facet, ParticleDistribution
from passband.structure.particle import draw_particle
from passband.structure.shape import particle_shape

FACETS = (Facet(hkl=(1, 1, 1), energy_J_per_m2=1.0), Facet(hkl=(1, 0, 0), energy_J_per_m2=1.15))
WITHOUT_FAULTS = {"stacking_faults": (0, 0)}
REACH_A = {"Au": 1.2 * 4.08 / np.sqrt(2), "CdSe": 1.2 * 2.63}


def drawn(name: str, share: float, seed: int = 0) -> NDArray[np.float64]:
    facets = FACETS if name == "Au" else ()
    particles = ParticleDistribution(
        shape="wulff" if facets else "sphere",
        facets=facets,
        stacking_faults=(0, 0),
        missing_surface=(share, share),
    )
    return positions_A(name, particles, seed)


def positions_A(name: str, particles: ParticleDistribution, seed: int = 0) -> NDArray[np.float64]:
    shape = particle_shape(CRYSTALS[name], particles, 35.0)
    return draw_particle(CRYSTALS[name], particles, shape, seed).positions_A


def neighbours(positions_A: NDArray[np.float64], reach_A: float) -> NDArray[np.int64]:
    return np.array([len(found) - 1 for found in cKDTree(positions_A).query_ball_point(positions_A, reach_A)])


@pytest.mark.parametrize(("name", "bulk"), [("Au", 12), ("CdSe", 4)])
def test_the_stated_share_of_surface_atoms_is_missing_and_none_from_inside(name: str, bulk: int) -> None:
    check_missing(name, bulk, drawn(name, 0.0), drawn(name, 0.3))


def test_none_is_missing_at_the_interface_of_a_coherent_shell() -> None:
    coherent = {"crystal": "Pd", "thickness_nm": (0.6, 0.6), "interface": "coherent"}
    whole, rough = (
        positions_A("Au", ParticleDistribution.model_validate(WITHOUT_FAULTS | given))
        for given in ({"shell": coherent}, {"shell": coherent, "missing_surface": (0.3, 0.3)})
    )
    check_missing("Au", 12, whole, rough)


def test_a_rough_surface_of_a_parallel_shell_is_refused() -> None:
    """Atoms at the interface have more neighbours than any in the bulk, so no count tells the surface."""
    parallel = {"crystal": "Cu", "thickness_nm": (0.6, 0.6), "interface": "parallel"}
    with pytest.raises(ValueError, match="missing_surface: the two lattices of a 'parallel' shell have no"):
        ParticleDistribution.model_validate(
            WITHOUT_FAULTS | {"shell": parallel, "missing_surface": (0.0, 0.1)}
        )


def check_missing(name: str, bulk: int, whole: NDArray[np.float64], rough: NDArray[np.float64]) -> None:
    """0.3 of the surface, to the atom, but for the few that are left without a neighbour."""
    at_surface = neighbours(whole, REACH_A[name]) < bulk
    gone = np.asarray(cKDTree(rough).query(whole)[0]) > 1e-6
    assert not gone[~at_surface].any()
    assert round(0.3 * at_surface.sum()) <= gone.sum() <= round(0.3 * at_surface.sum()) + 0.02 * len(whole)


def test_corners_go_before_facets() -> None:
    """Atoms with fewer than 7 neighbours (edges, corners) are missing more often than those with 8 or 9 (facets)."""
    low, high = [], []
    for seed in range(10):
        whole, rough = drawn("Au", 0.0, seed), drawn("Au", 0.2, seed)
        bound = neighbours(whole, REACH_A["Au"])
        gone = np.asarray(cKDTree(rough).query(whole)[0]) > 1e-6
        low.append(gone[bound < 7].mean())
        high.append(gone[(bound == 8) | (bound == 9)].mean())
    assert np.mean(low) > 1.5 * np.mean(high)


def test_no_atom_is_left_alone() -> None:
    assert neighbours(drawn("CdSe", 0.6), REACH_A["CdSe"]).min() >= 1
