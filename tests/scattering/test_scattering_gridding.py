"""Exact positions, planes and pixels: from atoms to numbers on a grid."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from passband.errors import UserError
from passband.grid import Grid
from passband.scattering.field import field_grid
from passband.scattering.gridding import EXACT, spread
from passband.scattering.slicing import Lattice, shared_slices

seeds = st.integers(0, 2**32 - 1)
gaps_A = st.floats(0.2, 8)


def gridded(places_px, shares, shape):
    """Density (c, ny, nx) of all points, places_px (c, n, 2), shares[0] in the real part, shares[1] in the other."""
    points = spread(EXACT.footprints(torch.from_numpy(places_px), shape), shape)
    parts = torch.zeros(len(places_px) * shape[0] * shape[1] * 2)
    for layer, share in enumerate(shares):
        points.add_to(parts, layer, torch.from_numpy(share.astype(np.float32)))
    return torch.view_as_complex(parts.view(len(places_px), *shape, 2))


def direct_sum(places_px, weights, grid):
    """Σ w exp(-2πi q·r), term by term."""
    along_y, along_x = (
        np.exp(-2j * np.pi * np.fft.fftfreq(n)[:, None] * places_px[:, axis])
        for axis, n in enumerate(grid.shape)
    )
    return (along_y * weights) @ along_x.T


@given(seeds)
def test_gridded_points_have_the_spectrum_of_their_exact_positions(seed):
    """Two planes at once, one in the real and one in the imaginary part."""
    rng = np.random.default_rng(seed)
    grid = Grid((48, 60), 0.2)
    places_px = (rng.random((40, 2)) * 3 - 1) * grid.shape  # outside the field too: it is periodic
    shares = rng.normal(size=(2, 40))
    exact = direct_sum(places_px, shares[0] + 1j * shares[1], grid)
    radius = np.hypot(*grid.frequencies_per_A()) / grid.nyquist_per_A
    points = gridded(places_px[None], shares, grid.shape)[0].numpy()
    error = np.abs(np.fft.fft2(points) / EXACT.response(grid) - exact)
    kept = radius <= 2 / 3
    assert np.linalg.norm(error[kept]) < 1e-4 * np.linalg.norm(exact[kept])
    assert np.linalg.norm(error[radius < 0.85]) < 1e-2 * np.linalg.norm(exact[radius < 0.85])


@given(seeds)
def test_gridding_leaves_the_configurations_of_a_batch_apart(seed):
    rng = np.random.default_rng(seed)
    places_px, shares = rng.random((3, 10, 2)) * 32, rng.random((2, 10))
    together = gridded(places_px, shares, (32, 32))
    alone = torch.cat([gridded(places_px[i : i + 1], shares, (32, 32)) for i in range(3)])
    assert torch.equal(together, alone)


def moments(slices, z_A, order: int):
    """Σ share (height of the plane - z)^order over the planes of each atom, in units of the gap."""
    lattice = slices.lattice
    plane = slices.first[:, None] + np.arange(slices.share.shape[1])
    distance = (lattice.origin_A + plane * lattice.gap_A - z_A[:, None]) / lattice.gap_A
    return (slices.share * distance**order).sum(1)


@given(seeds, gaps_A, st.floats(-9, 9), st.integers(2, 50))
def test_slices_interpolate_cubically(seed, gap_A, origin_A, n):
    """All of an atom is shared out, and its first three moments about its own height vanish: of fourth order."""
    z_A = np.random.default_rng(seed).random(n) * 30
    z_A[:2] = 0.0, 30.0  # at least four planes
    slices = shared_slices(z_A, Lattice(origin_A, gap_A))
    assert moments(slices, z_A, 0) == pytest.approx(1, abs=1e-8)
    for order in (1, 2, 3):
        assert moments(slices, z_A, order) == pytest.approx(0, abs=1e-7)


@given(seeds, gaps_A, st.floats(-9, 9), st.integers(1, 50))
def test_slices_keep_to_the_planes_around_the_atoms(seed, gap_A, origin_A, n):
    z_A = np.random.default_rng(seed).random(n) * 20
    lattice = Lattice(origin_A, gap_A)
    slices = shared_slices(z_A, lattice)
    heights_A = [lattice.height_A(plane) for plane in slices.planes().tolist()]
    assert heights_A[0] > z_A.min() - gap_A
    assert heights_A[-1] < z_A.max() + gap_A
    assert slices.share.shape[1] <= 4
    assert moments(slices, z_A, 0) == pytest.approx(1, abs=1e-8)


def test_an_atom_on_a_plane_stands_on_that_plane_alone():
    slices = shared_slices(np.array([1.0, 3.0, 5.0, 9.0]), Lattice(1.0, 2.0))
    assert slices.planes().tolist() == [0, 1, 2, 4]
    assert np.sort(slices.share)[:, -1].tolist() == [1, 1, 1, 1]


def test_atoms_between_two_planes_are_shared_linearly():
    slices = shared_slices(np.array([0.5, 1.5]), Lattice(0.0, 2.0))
    assert slices.planes().tolist() == [0, 1]
    assert slices.share == pytest.approx(np.array([[0.75, 0.25], [0.25, 0.75]]))


def test_planes_without_atoms_are_left_out():
    slices = shared_slices(np.array([0.0, 1.0, 19.0, 20.0]), Lattice(0.0, 1.0))
    assert slices.planes().tolist() == [0, 1, 19, 20]


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
