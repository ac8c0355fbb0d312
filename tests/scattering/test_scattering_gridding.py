"""Exact positions, planes and pixels: from atoms to numbers on a grid."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from passband.errors import UserError
from passband.grid import Grid
from passband.scattering.field import field_grid
from passband.scattering.gridding import EXACT
from passband.scattering.slicing import shared_slices

seeds = st.integers(0, 2**32 - 1)
thicknesses_A = st.floats(0.2, 8)


def spectrum(places_px, weights, grid):
    density = EXACT.spread(torch.from_numpy(places_px[None]), torch.from_numpy(weights), grid.shape)
    return np.fft.fft2(density[0].numpy()) / EXACT.response(grid)


def direct_sum(places_px, weights, grid):
    """Σ w exp(-2πi q·r), term by term."""
    along_y, along_x = (
        np.exp(-2j * np.pi * np.fft.fftfreq(n)[:, None] * places_px[:, axis])
        for axis, n in enumerate(grid.shape)
    )
    return (along_y * weights) @ along_x.T


@given(seeds)
def test_gridded_points_have_the_spectrum_of_their_exact_positions(seed):
    rng = np.random.default_rng(seed)
    grid = Grid((48, 60), 0.2)
    places_px = (rng.random((40, 2)) * 3 - 1) * grid.shape  # outside the field too: it is periodic
    weights = (rng.random(40) + 1j * rng.random(40)).astype(np.complex64)
    exact = direct_sum(places_px, weights, grid)
    radius = np.hypot(*grid.frequencies_per_A()) / grid.nyquist_per_A
    error = np.abs(spectrum(places_px, weights, grid) - exact)
    kept = radius <= 2 / 3
    assert np.linalg.norm(error[kept]) < 1e-4 * np.linalg.norm(exact[kept])
    assert np.linalg.norm(error[radius < 0.85]) < 1e-2 * np.linalg.norm(exact[radius < 0.85])


@given(seeds)
def test_gridding_leaves_the_configurations_of_a_batch_apart(seed):
    rng = np.random.default_rng(seed)
    places_px = torch.from_numpy(rng.random((3, 10, 2)) * 32)
    weights = torch.from_numpy(rng.random(10).astype(np.complex64))
    together = EXACT.spread(places_px, weights, (32, 32))
    alone = torch.cat([EXACT.spread(places_px[i : i + 1], weights, (32, 32)) for i in range(3)])
    assert torch.equal(together, alone)


@given(seeds, thicknesses_A, st.integers(1, 50))
def test_slices_share_every_atom_without_moving_its_centre_of_mass(seed, thickness_A, n):
    z_A = np.random.default_rng(seed).random(n) * 20
    slices = shared_slices(z_A, thickness_A)
    total, centre_A = np.zeros(n), np.zeros(n)
    np.add.at(total, slices.atom, slices.share)
    np.add.at(centre_A, slices.atom, slices.share * slices.planes_A[slices.plane])
    assert total == pytest.approx(1, abs=1e-12)
    assert centre_A == pytest.approx(z_A, abs=1e-9)
    assert np.all(slices.share > 0)


@given(seeds, thicknesses_A, st.integers(1, 50))
def test_slices_keep_atoms_within_the_thickness_of_their_planes(seed, thickness_A, n):
    z_A = np.random.default_rng(seed).random(n) * 20
    slices = shared_slices(z_A, thickness_A)
    assert np.abs(z_A[slices.atom] - slices.planes_A[slices.plane]).max() <= thickness_A + 1e-9
    assert np.all(np.diff(slices.planes_A) > 0)
    assert set(slices.plane.tolist()) == set(range(len(slices.planes_A)))
    assert slices.exit_A == z_A.max() == pytest.approx(slices.planes_A[-1])


def test_planes_without_atoms_are_left_out():
    slices = shared_slices(np.array([0.0, 1.0, 19.0, 20.0]), 1.0)
    assert slices.planes_A == pytest.approx([0, 1, 19, 20])


@given(st.integers(4, 600), st.floats(0.05, 1))
def test_a_field_of_an_even_number_of_pixels_has_that_grid(half, sampling_A):
    field_A = 2 * half * sampling_A
    grid = field_grid((field_A, field_A, 50.0), sampling_A * (1 + 5e-7), "sampling_A")
    assert grid.shape == (2 * half, 2 * half)
    assert grid.extent_A[0] == pytest.approx(field_A, rel=1e-12)


def test_the_axes_of_a_field_are_y_then_x():
    assert field_grid((12.8, 25.6, 9.0), 0.2, "sampling_A").shape == (128, 64)


@pytest.mark.parametrize(
    ("cell_A", "sampling_A", "remedy"),
    [
        ((102.4, 102.4, 50.0), 0.3, "0.3047619 Å would be, with 336 pixels"),  # 102.4 / 0.3 = 341.3
        ((100.0, 100.0, 50.0), 0.8, "0.7936508 Å would be, with 126 pixels"),  # 125 is odd
        ((102.4, 103.7, 50.0), 0.2, "give it a width and a height that are"),
    ],
)
def test_a_field_that_is_not_a_whole_number_of_pixels_is_refused_with_a_remedy(cell_A, sampling_A, remedy):
    with pytest.raises(UserError) as refusal:
        field_grid(cell_A, sampling_A, "sampling_A")
    assert str(refusal.value).startswith("sampling_A: a field of ")
    assert str(refusal.value).endswith(remedy)
