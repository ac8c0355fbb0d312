"""Amorphous carbon: the density to the atom, the least distance everywhere, no direction preferred."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from passband.structure.distribution import AmorphousCarbon
from passband.structure.packing import draw_packing


def stream(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def shortest_A(positions_A: NDArray[np.float64], field_A: float, thickness_A: float) -> float:
    """With a period in z so long that images in z are never nearest."""
    periods_A = np.array([field_A, field_A, 10 * thickness_A + 100.0])
    return float(cKDTree(positions_A, boxsize=periods_A).query(positions_A, k=2)[0][:, 1].min())


@settings(max_examples=25)
@given(st.floats(15.0, 45.0), st.floats(5.0, 30.0), st.integers(0, 2**31))
def test_density_and_least_distance_hold_exactly(field_A: float, thickness_A: float, seed: int) -> None:
    positions_A = draw_packing(AmorphousCarbon(), field_A, thickness_A, stream(seed))
    assert len(positions_A) == round(0.1103 * field_A**2 * thickness_A)
    assert shortest_A(positions_A, field_A, thickness_A) >= 1.4
    assert (positions_A >= 0).all()
    assert (positions_A < [field_A, field_A, thickness_A]).all()


def test_the_film_of_the_published_density_weighs_what_amorphous_carbon_weighs() -> None:
    """0.1103 atoms/Å³ of 12.011 u, 1 u/Å³ = 1.66054 g/cm³: 2.2 g/cm³, as of sputtered and arc-evaporated films."""
    assert AmorphousCarbon().density_per_A3 * 12.011 * 1.66054 == pytest.approx(2.2, abs=0.01)


def test_a_denser_packing_is_still_reached() -> None:
    """0.29 of the volume, close to the most that a record allows: pi/6 d³ density."""
    support = AmorphousCarbon(density_per_A3=0.29 * 6 / (np.pi * 1.4**3))
    positions_A = draw_packing(support, 20.0, 15.0, stream())
    assert len(positions_A) == round(support.density_per_A3 * 6000.0)
    assert shortest_A(positions_A, 20.0, 15.0) >= 1.4


def test_no_part_of_the_slab_is_denser_than_another() -> None:
    """Ten slices along each axis, each within 5 standard deviations of a Poisson process (a packing varies less)."""
    positions_A = draw_packing(AmorphousCarbon(), 60.0, 40.0, stream())
    expected = len(positions_A) / 10
    for axis, length_A in enumerate((60.0, 60.0, 40.0)):
        counts, _ = np.histogram(positions_A[:, axis], bins=10, range=(0.0, length_A))
        assert np.abs(counts - expected).max() < 5 * np.sqrt(expected)


def test_neighbours_are_met_in_all_directions_alike() -> None:
    """Steps to neighbours within 2 Å, isotropic: the mean of each squared direction cosine is 1/3 to 2 %."""
    positions_A = draw_packing(AmorphousCarbon(), 60.0, 40.0, stream())
    pairs = cKDTree(positions_A).query_pairs(2.0, output_type="ndarray")
    inner = np.abs(positions_A[pairs[:, 0], 2] - 20.0) < 17.0
    steps_A = positions_A[pairs[inner, 0]] - positions_A[pairs[inner, 1]]
    cosines = steps_A / np.linalg.norm(steps_A, axis=1, keepdims=True)
    assert (cosines**2).mean(axis=0) == pytest.approx(1 / 3, rel=0.02)


def test_the_same_stream_gives_the_same_film() -> None:
    one, again, other = (draw_packing(AmorphousCarbon(), 30.0, 20.0, stream(seed)) for seed in (1, 1, 2))
    assert one.tobytes() == again.tobytes()
    assert one.tobytes() != other.tobytes()
